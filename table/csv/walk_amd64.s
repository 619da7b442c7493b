#include "go_asm.h"
#include "textflag.h"

DATA iota<>+0(SB)/8, $0x0706050403020100
DATA iota<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA iota<>+16(SB)/8, $0x1716151413121110
DATA iota<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA iota<>+32(SB)/8, $0x2726252423222120
DATA iota<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA iota<>+48(SB)/8, $0x3736353433323130
DATA iota<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL iota<>(SB), RODATA, $64

// func walkAVX512(ends *uint32, buf *byte, words int, w *walk) (count int)
//
// SI buf, DI ends, CX words left, DX *walk, R8 base; and from word to word
// R9 inside, R10 openable, R11 closed, R12 returned.
TEXT ·walkAVX512(SB), NOSPLIT, $0-40
	MOVQ ends+0(FP), DI
	MOVQ buf+8(FP), SI
	MOVQ words+16(FP), CX
	MOVQ w+24(FP), DX
	VPBROADCASTB walk_delimiter(DX), Z0
	VPBROADCASTB walk_newline(DX), Z1
	VPBROADCASTB walk_quote(DX), Z2
	VPBROADCASTB walk_carriage(DX), Z3
	VMOVDQU64 iota<>(SB), Z4
	VPTERNLOGD $0xff, Z5, Z5, Z5
	VMOVDQU64 walk_low(DX), Z6
	VMOVDQU64 walk_high(DX), Z7
	MOVQ walk_base(DX), R8
	MOVQ walk_inside(DX), R9
	MOVQ walk_openable(DX), R10
	MOVQ walk_closed(DX), R11
	MOVQ walk_returned(DX), R12

loop:
	VMOVDQU64 (SI), Z8
	VPCMPEQB Z0, Z8, K1
	VPCMPEQB Z1, Z8, K2
	VPCMPEQB Z2, Z8, K3
	VPMINUB Z8, Z6, Z6
	VPORQ Z8, Z7, Z7
	KORQ K1, K2, K1
	KMOVQ K2, AX // newlines
	KMOVQ K3, R14
	POPCNTQ AX, R15
	ADDQ R15, walk_newlines(DX)
	MOVQ R14, R15
	ORQ R9, R15
	ORQ R11, R15
	ORQ R12, R15
	JNZ quoted
	KMOVQ K1, R14
	MOVQ R14, R10
	SHRQ $63, R10

marks:
	// The newlines in AX and the ends in R14 and K1 are outside of quotes.
	TESTQ AX, AX
	JZ positions
	MOVQ R8, walk_lastBase(DX)
	MOVQ AX, walk_last(DX)
	POPCNTQ AX, AX
	ADDQ AX, walk_rows(DX)

positions:
	TESTQ DI, DI
	JZ next
	POPCNTQ R14, R14
	VPCOMPRESSB Z4, K1, Z9
	VPBROADCASTD R8, Z10
	VPMOVZXBD X9, Z11
	VPADDD Z10, Z11, Z11
	VMOVDQU32 Z11, (DI)
	CMPQ R14, $16
	JLE written
	VEXTRACTI32X4 $1, Z9, X11
	VPMOVZXBD X11, Z11
	VPADDD Z10, Z11, Z11
	VMOVDQU32 Z11, 64(DI)
	CMPQ R14, $32
	JLE written
	VEXTRACTI32X4 $2, Z9, X11
	VPMOVZXBD X11, Z11
	VPADDD Z10, Z11, Z11
	VMOVDQU32 Z11, 128(DI)
	VEXTRACTI32X4 $3, Z9, X11
	VPMOVZXBD X11, Z11
	VPADDD Z10, Z11, Z11
	VMOVDQU32 Z11, 192(DI)

written:
	LEAQ (DI)(R14*4), DI

next:
	ADDQ $64, SI
	ADDQ $64, R8
	DECQ CX
	JNZ loop

	VMOVDQU64 Z6, walk_low(DX)
	VMOVDQU64 Z7, walk_high(DX)
	MOVQ R8, walk_base(DX)
	MOVQ R9, walk_inside(DX)
	MOVQ R10, walk_openable(DX)
	MOVQ R11, walk_closed(DX)
	MOVQ R12, walk_returned(DX)
	SUBQ ends+0(FP), DI
	SHRQ $2, DI
	MOVQ DI, count+32(FP)
	VZEROUPPER
	RET

quoted:
	// Inside is from an opening quote to before the one that closes it: where the
	// quotes so far are odd in number.
	MOVQ $1, walk_quotes(DX)
	VMOVQ R14, X9
	VPCLMULQDQ $0, X5, X9, X9
	VMOVQ X9, R15
	XORQ R9, R15       // inside
	MOVQ R15, R9
	SARQ $63, R9
	MOVQ R14, BX
	ANDQ R15, BX       // opening quotes
	ANDNQ R14, R15, R14 // closing quotes
	KMOVQ K1, AX
	ANDNQ AX, R15, R13 // ends outside

	// Before an opening quote is an end, or a closing quote: then it is doubled.
	MOVQ R13, R15
	ORQ R14, R15
	LEAQ (R10)(R15*2), R10
	ANDNQ BX, R10, BX
	SHRQ $63, R15
	MOVQ R15, R10

	// After a closing quote is an end, an opening quote, or CR and a newline.
	LEAQ (R11)(R14*2), R15
	MOVQ R14, R11
	SHRQ $63, R11
	KMOVQ K3, R14
	ORQ R14, AX
	VPCMPEQB Z3, Z8, K4
	KMOVQ K4, R14
	ORQ R14, AX
	ANDNQ R15, AX, AX
	ORQ AX, BX
	ANDQ R14, R15
	LEAQ (R12)(R15*2), R14
	MOVQ R15, R12
	SHRQ $63, R12
	KMOVQ K2, AX
	ANDNQ R14, AX, R14
	ORQ R14, BX
	ORQ BX, walk_odd(DX)

	ANDQ R13, AX
	MOVQ R13, R14
	KMOVQ R13, K1
	JMP marks
