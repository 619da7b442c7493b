#include "textflag.h"

DATA ones<>+0(SB)/8, $0x0101010101010101
GLOBL ones<>(SB), RODATA, $8
DATA highs<>+0(SB)/8, $0x8080808080808080
GLOBL highs<>(SB), RODATA, $8
DATA ascii<>+0(SB)/8, $0x3030303030303030 // '0'
GLOBL ascii<>(SB), RODATA, $8
DATA nines<>+0(SB)/8, $0x0909090909090909
GLOBL nines<>(SB), RODATA, $8
DATA pairs<>+0(SB)/8, $0x010a010a010a010a // 10, 1 as bytes
GLOBL pairs<>(SB), RODATA, $8
DATA fours<>+0(SB)/8, $0x0001006400010064 // 100, 1 as words
GLOBL fours<>(SB), RODATA, $8
DATA eights<>+0(SB)/8, $0x0001271000012710 // 10000, 1 as words
GLOBL eights<>(SB), RODATA, $8
DATA e16<>+0(SB)/8, $10000000000000000
GLOBL e16<>(SB), RODATA, $8

// 32 bytes from n on keep the last n.
DATA last<>+0(SB)/8, $0
DATA last<>+8(SB)/8, $0
DATA last<>+16(SB)/8, $0
DATA last<>+24(SB)/8, $0
DATA last<>+32(SB)/8, $-1
DATA last<>+40(SB)/8, $-1
DATA last<>+48(SB)/8, $-1
DATA last<>+56(SB)/8, $-1
GLOBL last<>(SB), RODATA, $64

// func fractionsAVX2(out *float64, buf *byte, limit int, starts, ends *uint32, startStep, endStep, plus, n int, mark byte, powers *fractionPower, exact *float64) int
TEXT ·fractionsAVX2(SB), NOSPLIT, $0-104
	MOVQ out+0(FP), DI
	MOVQ buf+8(FP), SI
	MOVQ starts+24(FP), R8
	MOVQ ends+32(FP), R9
	MOVQ n+64(FP), R13
	MOVBQZX mark+72(FP), R14
	IMULQ ones<>(SB), R14
	VPBROADCASTQ ascii<>(SB), Y15
	VPBROADCASTQ nines<>(SB), Y14
	VPBROADCASTQ pairs<>(SB), Y13
	VPBROADCASTQ fours<>(SB), Y12
	VPBROADCASTQ eights<>(SB), Y11

loop:
	MOVL (R9), BX        // end
	MOVL (R8), CX
	ADDQ plus+56(FP), CX // start
	LEAQ -33(BX), AX
	CMPQ AX, limit+16(FP)
	JHI done

	XORL DX, DX
	CMPB (SI)(CX*1), $0x2d // -
	SETEQ DX               // sign
	ADDQ DX, CX
	MOVQ (SI)(CX*1), AX    // the first eight bytes
	MOVBLZX AX, R10        // and the first
	XORQ R14, AX           // the first zero byte is at the mark
	MOVQ AX, R11
	SUBQ ones<>(SB), R11
	ANDNQ R11, AX, R11
	ANDQ highs<>(SB), R11
	TZCNTQ R11, R11
	SHRQ $3, R11           // digits before the mark
	LEAQ -1(R11), AX
	CMPQ AX, $6
	JHI done
	MOVQ BX, R12
	SUBQ CX, R12
	DECQ R12               // digits in all
	CMPQ R12, $19
	JGT done
	MOVQ R12, AX
	SUBQ R11, AX           // digits after the mark
	CMPQ AX, $1
	JLT done
	CMPQ R11, $1
	JEQ digits
	CMPL R10, $0x30        // 0
	JEQ done

digits:
	// The digits after the mark, and those before it moved one to the right.
	LEAQ last<>(SB), R11
	LEAQ (SI)(BX*1), R10
	VMOVDQU (R11)(AX*1), Y0
	VMOVDQU (R11)(R12*1), Y1
	VPXOR -32(R10), Y15, Y2
	VPXOR -33(R10), Y15, Y3
	VPAND Y0, Y2, Y2
	VPANDN Y1, Y0, Y1
	VPAND Y1, Y3, Y3
	VPOR Y2, Y3, Y2
	VPSUBUSB Y14, Y2, Y3
	VPTEST Y3, Y3
	JNZ done
	VPMADDUBSW Y13, Y2, Y2
	VPMADDWD Y12, Y2, Y2
	VPACKUSDW Y2, Y2, Y2
	VPMADDWD Y11, Y2, Y2
	VEXTRACTI128 $1, Y2, X3
	VMOVQ X2, R10
	VMOVQ X3, R11
	SHRQ $32, R10
	IMULQ e16<>(SB), R10
	MOVL R11, CX
	IMUL3Q $100000000, CX, CX
	SHRQ $32, R11
	ADDQ R11, CX
	ADDQ R10, CX           // mantissa

	SHLQ $63, DX
	CMPQ R12, $15
	JLE small
	TESTQ CX, CX
	JEQ zero
	BSRQ CX, R10
	XORQ $63, R10          // leading zeros
	SHLXQ R10, CX, CX
	SHLQ $4, AX
	ADDQ powers+80(FP), AX
	MOVQ DX, R11
	MOVQ CX, DX
	MULXQ (AX), CX, BX     // low, high
	TESTQ CX, CX
	JEQ done
	MOVL BX, DX
	NOTL DX
	TESTL $0x1ff, DX
	JEQ done
	MOVQ BX, DX
	SHRQ $63, DX           // top
	LEAQ 9(DX), CX
	SHRXQ CX, BX, BX       // 54 bits
	ADDQ 8(AX), DX
	SUBQ R10, DX
	SHLQ $52, DX
	MOVQ BX, CX
	ANDQ $1, CX
	ADDQ CX, BX
	SHRQ $1, BX
	ADDQ DX, BX
	ORQ R11, BX
	MOVQ BX, (DI)

next:
	ADDQ $8, DI
	ADDQ startStep+40(FP), R8
	ADDQ endStep+48(FP), R9
	DECQ R13
	JNZ loop

done:
	MOVQ n+64(FP), AX
	SUBQ R13, AX
	MOVQ AX, ret+96(FP)
	VZEROUPPER
	RET

small: // mantissa and power are exact: one rounding
	VCVTSI2SDQ CX, X0, X0
	MOVQ exact+88(FP), R10
	VDIVSD (R10)(AX*8), X0, X0
	VMOVQ X0, BX
	ORQ DX, BX
	MOVQ BX, (DI)
	JMP next

zero:
	MOVQ DX, (DI)
	JMP next
