#include "textflag.h"

// func through512(m, row, out *float32, step int)
//
// 64 columns at a time, and 32 at the end where that is what is left: R9 is the byte
// of the first of them.
TEXT ·through512(SB), NOSPLIT, $0-32
	MOVQ m+0(FP), BX
	MOVQ row+8(FP), SI
	MOVQ out+16(FP), DI
	MOVQ step+24(FP), R12
	XORQ R9, R9

columns:
	LEAQ (BX)(R9*1), R8
	XORQ DX, DX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	LEAQ 128(R9), R10
	CMPQ R10, R12
	JEQ  narrow

wide:
	VBROADCASTSS (SI)(DX*1), Z4
	VMULPS (R8), Z4, Z5
	VMULPS 64(R8), Z4, Z6
	VMULPS 128(R8), Z4, Z7
	VMULPS 192(R8), Z4, Z8
	VADDPS Z5, Z0, Z0
	VADDPS Z6, Z1, Z1
	VADDPS Z7, Z2, Z2
	VADDPS Z8, Z3, Z3
	ADDQ R12, R8
	ADDQ $4, DX
	CMPQ DX, R12
	JNE  wide
	VMOVUPS Z0, (DI)(R9*1)
	VMOVUPS Z1, 64(DI)(R9*1)
	VMOVUPS Z2, 128(DI)(R9*1)
	VMOVUPS Z3, 192(DI)(R9*1)
	ADDQ $256, R9
	CMPQ R9, R12
	JNE  columns
	VZEROUPPER
	RET

narrow:
	VBROADCASTSS (SI)(DX*1), Z4
	VMULPS (R8), Z4, Z5
	VMULPS 64(R8), Z4, Z6
	VADDPS Z5, Z0, Z0
	VADDPS Z6, Z1, Z1
	ADDQ R12, R8
	ADDQ $4, DX
	CMPQ DX, R12
	JNE  narrow
	VMOVUPS Z0, (DI)(R9*1)
	VMOVUPS Z1, 64(DI)(R9*1)
	VZEROUPPER
	RET

// Adds the upper half of Z to the lower, and of what comes of it again.
#define HALVE(Z, Y, X) \
	VEXTRACTF64X4 $1, Z, Y5 \
	VADDPS        Y5, Y, Y  \
	VEXTRACTF128  $1, Y, X5 \
	VADDPS        X5, X, X

// Sets R to the address of the row of one of the others.
#define ROW(at, R) \
	MOVLQSX at(R13), R \
	IMULQ   R12, R     \
	ADDQ    BX, R

// func gather512(out, p *float32, step int, rows *float32, others *int32, more *float32, n int, plus, times float32)
TEXT ·gather512(SB), NOSPLIT, $0-64
	MOVQ out+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ step+16(FP), R12
	MOVQ rows+24(FP), BX
	MOVQ others+32(FP), R13
	MOVQ more+40(FP), AX
	MOVQ n+48(FP), CX
	VBROADCASTSS plus+56(FP), X14
	VBROADCASTSS times+60(FP), X13

four:
	ROW(0, R8)
	ROW(4, R9)
	ROW(8, R10)
	ROW(12, R11)
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	XORQ DX, DX

products:
	VMOVUPS (SI)(DX*1), Z4
	VMULPS (R8)(DX*1), Z4, Z5
	VMULPS (R9)(DX*1), Z4, Z6
	VMULPS (R10)(DX*1), Z4, Z7
	VMULPS (R11)(DX*1), Z4, Z8
	VADDPS Z5, Z0, Z0
	VADDPS Z6, Z1, Z1
	VADDPS Z7, Z2, Z2
	VADDPS Z8, Z3, Z3
	ADDQ $64, DX
	CMPQ DX, R12
	JNE  products

	HALVE(Z0, Y0, X0)
	HALVE(Z1, Y1, X1)
	HALVE(Z2, Y2, X2)
	HALVE(Z3, Y3, X3)
	VUNPCKLPS X1, X0, X5
	VUNPCKHPS X1, X0, X6
	VADDPS    X6, X5, X5
	VUNPCKLPS X3, X2, X6
	VUNPCKHPS X3, X2, X7
	VADDPS    X7, X6, X6
	VMOVLHPS  X6, X5, X7
	VMOVHLPS  X5, X6, X8
	VADDPS    X8, X7, X0

	VMOVUPS (AX), X6
	VMULPS  X6, X14, X7
	VADDPS  X7, X14, X7
	VMULPS  X6, X13, X6
	VMULPS  X0, X6, X6
	VADDPS  X6, X7, X7
	VBROADCASTSS X7, Z8
	VPERMILPS $1, X7, X6
	VBROADCASTSS X6, Z9
	VPERMILPS $2, X7, X6
	VBROADCASTSS X6, Z10
	VPERMILPS $3, X7, X6
	VBROADCASTSS X6, Z11
	XORQ DX, DX

sums:
	VMULPS (R8)(DX*1), Z8, Z0
	VMULPS (R9)(DX*1), Z9, Z1
	VMULPS (R10)(DX*1), Z10, Z2
	VMULPS (R11)(DX*1), Z11, Z3
	VADDPS Z1, Z0, Z0
	VADDPS Z3, Z2, Z2
	VADDPS Z2, Z0, Z0
	VADDPS (DI)(DX*1), Z0, Z0
	VMOVUPS Z0, (DI)(DX*1)
	ADDQ $64, DX
	CMPQ DX, R12
	JNE  sums

	ADDQ $16, R13
	ADDQ $16, AX
	SUBQ $4, CX
	JNE  four
	VZEROUPPER
	RET
