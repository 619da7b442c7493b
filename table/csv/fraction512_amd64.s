#include "textflag.h"

// Eight fields at a time, each in a quadword of a register. What is said of one
// holds for all.

DATA lanes<>+0(SB)/8, $0
DATA lanes<>+8(SB)/8, $1
DATA lanes<>+16(SB)/8, $2
DATA lanes<>+24(SB)/8, $3
DATA lanes<>+32(SB)/8, $4
DATA lanes<>+40(SB)/8, $5
DATA lanes<>+48(SB)/8, $6
DATA lanes<>+56(SB)/8, $7
GLOBL lanes<>(SB), RODATA, $64

// Bytes repeated.
DATA bytes30<>+0(SB)/8, $0x3030303030303030 // '0'
GLOBL bytes30<>(SB), RODATA, $8
DATA bytes76<>+0(SB)/8, $0x7676767676767676 // lifts what is above 9 to 0x80
GLOBL bytes76<>(SB), RODATA, $8
DATA bytes01<>+0(SB)/8, $0x0101010101010101
GLOBL bytes01<>(SB), RODATA, $8
DATA bytes80<>+0(SB)/8, $0x8080808080808080
GLOBL bytes80<>(SB), RODATA, $8
DATA tens1<>+0(SB)/8, $0x010a010a010a010a // 10, 1 as bytes
GLOBL tens1<>(SB), RODATA, $8
DATA tens2<>+0(SB)/8, $0x0001006400010064 // 100, 1 as words
GLOBL tens2<>(SB), RODATA, $8

// Numbers.
DATA low32<>+0(SB)/8, $0xffffffff
GLOBL low32<>(SB), RODATA, $8
DATA low8<>+0(SB)/8, $0xff
GLOBL low8<>(SB), RODATA, $8
DATA minus<>+0(SB)/8, $0x2d // '-'
GLOBL minus<>(SB), RODATA, $8
DATA n8<>+0(SB)/8, $8
GLOBL n8<>(SB), RODATA, $8
DATA n15<>+0(SB)/8, $15
GLOBL n15<>(SB), RODATA, $8
DATA n16<>+0(SB)/8, $16
GLOBL n16<>(SB), RODATA, $8
DATA n17<>+0(SB)/8, $17
GLOBL n17<>(SB), RODATA, $8
DATA n48<>+0(SB)/8, $48
GLOBL n48<>(SB), RODATA, $8
DATA n73<>+0(SB)/8, $73
GLOBL n73<>(SB), RODATA, $8
DATA n80<>+0(SB)/8, $80
GLOBL n80<>(SB), RODATA, $8
DATA n137<>+0(SB)/8, $137
GLOBL n137<>(SB), RODATA, $8
DATA n144<>+0(SB)/8, $144
GLOBL n144<>(SB), RODATA, $8
DATA n168<>+0(SB)/8, $168
GLOBL n168<>(SB), RODATA, $8
DATA n200<>+0(SB)/8, $200
GLOBL n200<>(SB), RODATA, $8
DATA n201<>+0(SB)/8, $201
GLOBL n201<>(SB), RODATA, $8
DATA n1e4<>+0(SB)/8, $10000
GLOBL n1e4<>(SB), RODATA, $8
DATA n1e8<>+0(SB)/8, $100000000
GLOBL n1e8<>(SB), RODATA, $8
DATA n1e16<>+0(SB)/8, $10000000000000000
GLOBL n1e16<>(SB), RODATA, $8
DATA f1e16<>+0(SB)/8, $1e16
GLOBL f1e16<>(SB), RODATA, $8
DATA finv16<>+0(SB)/8, $1e-16
GLOBL finv16<>(SB), RODATA, $8
DATA sign<>+0(SB)/8, $0x8000000000000000
GLOBL sign<>(SB), RODATA, $8

// 10^(i-1) and 10^(1-i) at i.
DATA tenTo<>+0(SB)/8, $1e-1
DATA tenTo<>+8(SB)/8, $1e0
DATA tenTo<>+16(SB)/8, $1e1
DATA tenTo<>+24(SB)/8, $1e2
DATA tenTo<>+32(SB)/8, $1e3
DATA tenTo<>+40(SB)/8, $1e4
DATA tenTo<>+48(SB)/8, $1e5
DATA tenTo<>+56(SB)/8, $1e6
DATA tenTo<>+64(SB)/8, $1e7
DATA tenTo<>+72(SB)/8, $1e8
DATA tenTo<>+80(SB)/8, $1e9
DATA tenTo<>+88(SB)/8, $1e10
DATA tenTo<>+96(SB)/8, $1e11
DATA tenTo<>+104(SB)/8, $1e12
DATA tenTo<>+112(SB)/8, $1e13
DATA tenTo<>+120(SB)/8, $1e14
GLOBL tenTo<>(SB), RODATA, $128
DATA tenthTo<>+0(SB)/8, $1e1
DATA tenthTo<>+8(SB)/8, $1e0
DATA tenthTo<>+16(SB)/8, $1e-1
DATA tenthTo<>+24(SB)/8, $1e-2
DATA tenthTo<>+32(SB)/8, $1e-3
DATA tenthTo<>+40(SB)/8, $1e-4
DATA tenthTo<>+48(SB)/8, $1e-5
DATA tenthTo<>+56(SB)/8, $1e-6
DATA tenthTo<>+64(SB)/8, $1e-7
DATA tenthTo<>+72(SB)/8, $1e-8
DATA tenthTo<>+80(SB)/8, $1e-9
DATA tenthTo<>+88(SB)/8, $1e-10
DATA tenthTo<>+96(SB)/8, $1e-11
DATA tenthTo<>+104(SB)/8, $1e-12
DATA tenthTo<>+112(SB)/8, $1e-13
DATA tenthTo<>+120(SB)/8, $1e-14
GLOBL tenthTo<>(SB), RODATA, $128

// func fractionsAVX512(out *float64, odd *uint8, buf *byte, bounds *uint32, step, n int, mark byte)
TEXT ·fractionsAVX512(SB), NOSPLIT, $0-49
	MOVQ out+0(FP), DI
	MOVQ odd+8(FP), R8
	MOVQ buf+16(FP), SI
	MOVQ bounds+24(FP), R9
	MOVQ step+32(FP), R10
	MOVQ n+40(FP), CX
	MOVBQZX mark+48(FP), AX
	VPBROADCASTB AX, Z30
	VPBROADCASTQ R10, Z31
	VPMULLQ lanes<>(SB), Z31, Z31
	SHLQ $3, R10
	LEAQ -1(CX), R11
	IMULQ R10, R11
	ADDQ R9, R11 // the last bounds
	VPBROADCASTQ low32<>(SB), Z29
	VPBROADCASTQ tens1<>(SB), Z28
	VPBROADCASTQ low8<>(SB), Z27
	VPBROADCASTQ bytes76<>(SB), Z26
	VPBROADCASTQ tens2<>(SB), Z25
	VPBROADCASTQ bytes01<>(SB), Z24
	VPBROADCASTQ bytes80<>(SB), Z23
	VPTERNLOGD $0xff, Z22, Z22, Z22
	VPBROADCASTQ bytes30<>(SB), Z21
	VMOVUPD tenTo<>+0(SB), Z20
	VMOVUPD tenTo<>+64(SB), Z19
	VMOVUPD tenthTo<>+0(SB), Z18
	VMOVUPD tenthTo<>+64(SB), Z17
	VPBROADCASTQ n1e4<>(SB), Z16

	// Where the fields end, and the bytes before them; then their first eight
	// bytes and the sixteen before their ends. This runs ahead of the rest.
	KXNORB K1, K1, K1
	VPXORQ Z0, Z0, Z0
	VPGATHERQQ (R9)(Z31*1), K1, Z0
	VPSRLQ $32, Z0, Z1
	VPANDQ Z29, Z0, Z2
	KXNORB K1, K1, K1
	VPXORQ Z3, Z3, Z3
	VPGATHERQQ 1(SI)(Z2*1), K1, Z3
	KXNORB K1, K1, K1
	VPXORQ Z4, Z4, Z4
	VPGATHERQQ -8(SI)(Z1*1), K1, Z4
	KXNORB K1, K1, K1
	VPXORQ Z5, Z5, Z5
	VPGATHERQQ -16(SI)(Z1*1), K1, Z5
	VPSUBQ Z2, Z1, Z7
	ADDQ R10, R9
	CMPQ R9, R11
	CMOVQHI R11, R9
	KXNORB K1, K1, K1
	VPXORQ Z0, Z0, Z0
	VPGATHERQQ (R9)(Z31*1), K1, Z0

loop:
	// The sign, in K2.
	VPANDQ Z27, Z3, Z6
	VPCMPEQQ.BCST minus<>(SB), Z6, K2
	VPSRLQ $8, Z3, K2, Z3
	VPSLLQ $3, Z7, Z7
	VPSUBQ.BCST n8<>(SB), Z7, K2, Z7 // 8 * digits + 16

	// The mark is where the first byte is zero.
	VPXORQ Z30, Z3, Z8
	VPSUBQ Z24, Z8, Z9
	VPTERNLOGQ $0x20, Z23, Z8, Z9 // Z9 &^ Z8 & Z23
	VPADDQ Z22, Z9, Z10
	VPANDNQ Z10, Z9, Z10
	VPOPCNTQ Z10, Z10  // 8 * digits before the mark + 7; 64: no mark
	VPSUBQ Z10, Z7, Z11 // 8 * digits after the mark + 9

	// What of the last 24 bytes is after the mark: Z12, Z13, Z14 from the end.
	VPBROADCASTQ n73<>(SB), Z12
	VPBROADCASTQ n137<>(SB), Z13
	VPBROADCASTQ n201<>(SB), Z14
	VPSUBUSW Z11, Z12, Z12
	VPSUBUSW Z11, Z13, Z13
	VPSUBUSW Z11, Z14, Z14
	VPSLLVQ Z12, Z22, Z12
	VPSLLVQ Z13, Z22, Z13
	VPSLLVQ Z14, Z22, Z14

	// The bytes before the last sixteen are among the first eight.
	VPXORQ Z21, Z3, Z3
	VPXORQ Z21, Z4, Z4
	VPXORQ Z21, Z5, Z5
	VPBROADCASTQ n200<>(SB), Z6
	VPSUBQ Z7, Z6, Z6
	VPSLLVQ Z6, Z3, Z6

	// The digits after the mark, and those before it moved one to the right.
	VPSHLDQ $8, Z5, Z4, Z8
	VPSHLDQ $8, Z6, Z5, Z9
	VPSLLQ $8, Z6, Z15
	VPTERNLOGQ $0xca, Z8, Z4, Z12 // Z12 ? Z4 : Z8
	VPTERNLOGQ $0xca, Z9, Z5, Z13
	VPTERNLOGQ $0xca, Z15, Z6, Z14
	VPBROADCASTQ n80<>(SB), Z8
	VPBROADCASTQ n144<>(SB), Z9
	VPSUBUSW Z7, Z8, Z8
	VPSUBUSW Z7, Z9, Z9
	VPSLLVQ Z8, Z22, Z8
	VPSLLVQ Z9, Z22, Z9
	VPANDQ Z8, Z12, Z12
	VPANDQ Z9, Z13, Z13

	// K3: 1 to 7 digits before the mark, at least one after, 19 in all, and no
	// other byte; K4: the first of several is 0.
	VPSUBQ.BCST n15<>(SB), Z10, Z8
	VPCMPUQ.BCST $2, n48<>(SB), Z8, K3
	VPCMPQ.BCST $5, n17<>(SB), Z11, K3, K3
	VPCMPQ.BCST $2, n168<>(SB), Z7, K3, K3
	VPTESTNMQ Z27, Z3, K4
	VPTESTMQ Z22, Z8, K4, K4
	VPMAXUB Z12, Z13, Z9
	VPMAXUB Z14, Z9, Z9
	VPADDUSB Z26, Z9, Z9
	VPTESTNMQ Z23, Z9, K3, K3

	// The digits as one number.
	VPMADDUBSW Z28, Z12, Z12
	VPMADDUBSW Z28, Z13, Z13
	VPMADDUBSW Z28, Z14, Z14
	VPMADDWD Z25, Z12, Z12
	VPMADDWD Z25, Z13, Z13
	VPMADDWD Z25, Z14, Z14
	VPMULUDQ Z16, Z12, Z8
	VPMULUDQ Z16, Z13, Z9
	VPSRLQ $32, Z12, Z12
	VPSRLQ $32, Z13, Z13
	VPSRLQ $32, Z14, Z14
	VPADDQ Z8, Z12, Z12
	VPADDQ Z9, Z13, Z13
	VPMULUDQ.BCST n1e8<>(SB), Z13, Z13
	VPMULLQ.BCST n1e16<>(SB), Z14, Z14
	VPADDQ Z12, Z13, Z13
	VPADDQ Z14, Z13, Z13

	// The next eight.
	VPSRLQ $32, Z0, Z1
	VPANDQ Z29, Z0, Z2
	KXNORB K1, K1, K1
	VPXORQ Z3, Z3, Z3
	VPGATHERQQ 1(SI)(Z2*1), K1, Z3
	KXNORB K1, K1, K1
	VPXORQ Z4, Z4, Z4
	VPGATHERQQ -8(SI)(Z1*1), K1, Z4
	KXNORB K1, K1, K1
	VPXORQ Z5, Z5, Z5
	VPGATHERQQ -16(SI)(Z1*1), K1, Z5
	VPSUBQ Z2, Z1, Z7
	ADDQ R10, R9
	CMPQ R9, R11
	CMOVQHI R11, R9
	KXNORB K1, K1, K1
	VPXORQ Z0, Z0, Z0
	VPGATHERQQ (R9)(Z31*1), K1, Z0

	// Divided by the power of ten (see fractionsAVX512 in Go for the proof).
	VPSRLQ $3, Z11, Z11
	VPTESTMQ.BCST n16<>(SB), Z11, K5
	VMOVDQA64 Z11, Z8
	VPERMI2PD Z19, Z20, Z8  // power
	VPERMI2PD Z17, Z18, Z11 // and its inverse
	VMULPD.BCST f1e16<>(SB), Z8, K5, Z8
	VMULPD.BCST finv16<>(SB), Z11, K5, Z11
	VCVTUQQ2PD Z13, Z12
	VCVTPD2UQQ Z12, Z9
	VPSUBQ Z9, Z13, Z9
	VCVTQQ2PD Z9, Z9          // what the conversion lost
	VMULPD Z11, Z12, Z10      // quotient
	VFNMADD231PD Z8, Z10, Z12 // remainder
	VADDPD Z9, Z12, Z12
	VMULPD Z11, Z12, Z12      // what the quotient lacks
	VADDPD Z12, Z10, Z12
	VPORQ.BCST sign<>(SB), Z12, K2, Z12

	VMOVUPD Z12, (DI)
	KNOTB K3, K3
	KORB K4, K3, K3
	KMOVB K3, AX
	MOVB AX, (R8)
	ADDQ $64, DI
	INCQ R8
	DECQ CX
	JNZ loop

	VZEROUPPER
	RET
