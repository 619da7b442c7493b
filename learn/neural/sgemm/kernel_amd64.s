#include "textflag.h"

#define TILE_ARGUMENTS \
	MOVQ c+0(FP), DI        \
	MOVQ cRow+8(FP), DX     \
	MOVQ a+16(FP), AX       \
	MOVQ aRow+24(FP), R8    \
	MOVQ aColumn+32(FP), R9 \
	MOVQ b+40(FP), SI       \
	MOVQ bRow+48(FP), R10   \
	MOVQ k+56(FP), CX       \
	LEAQ (R8)(R8*2), R11

#define ROW_ARGUMENTS \
	MOVQ c+0(FP), DI        \
	MOVQ a+8(FP), AX        \
	MOVQ aColumn+16(FP), R9 \
	MOVQ b+24(FP), SI       \
	MOVQ bRow+32(FP), R10   \
	MOVQ k+40(FP), CX

#define LOAD(at, to)   VMOVUPS at, to
#define STORE(at, from) VMOVUPS from, at

// The numbers of a tile, of two registers a row: of 8 rows, and of 4.
#define TILE512(MOVE) \
	MOVE((DI), Z0)            \
	MOVE(64(DI), Z1)          \
	MOVE((DI)(DX*1), Z2)      \
	MOVE(64(DI)(DX*1), Z3)    \
	MOVE((DI)(DX*2), Z4)      \
	MOVE(64(DI)(DX*2), Z5)    \
	MOVE((DI)(R12*1), Z6)     \
	MOVE(64(DI)(R12*1), Z7)   \
	MOVE((R13), Z8)           \
	MOVE(64(R13), Z9)         \
	MOVE((R13)(DX*1), Z10)    \
	MOVE(64(R13)(DX*1), Z11)  \
	MOVE((R13)(DX*2), Z12)    \
	MOVE(64(R13)(DX*2), Z13)  \
	MOVE((R13)(R12*1), Z14)   \
	MOVE(64(R13)(R12*1), Z15)

#define TILE256(MOVE) \
	MOVE((DI), Y0)          \
	MOVE(32(DI), Y1)        \
	MOVE((DI)(DX*1), Y2)    \
	MOVE(32(DI)(DX*1), Y3)  \
	MOVE((DI)(DX*2), Y4)    \
	MOVE(32(DI)(DX*2), Y5)  \
	MOVE((DI)(R12*1), Y6)   \
	MOVE(32(DI)(R12*1), Y7)

// Adds to both registers of a row its factor times those of b.
#define FMA(B0, B1, A, C0, C1) \
	VFMADD231PS B0, A, C0 \
	VFMADD231PS B1, A, C1

// func tile512(c *float32, cRow int, a *float32, aRow, aColumn int, b *float32, bRow, k int)
//
// 8 rows of 32 columns: two registers a row.
TEXT ·tile512(SB), NOSPLIT, $0-64
	TILE_ARGUMENTS
	LEAQ (AX)(R8*4), BX
	LEAQ (DX)(DX*2), R12
	LEAQ (DI)(DX*4), R13
	TILE512(LOAD)

loop:
	VMOVUPS (SI), Z16
	VMOVUPS 64(SI), Z17
	VBROADCASTSS (AX), Z18
	VBROADCASTSS (AX)(R8*1), Z19
	VBROADCASTSS (AX)(R8*2), Z20
	VBROADCASTSS (AX)(R11*1), Z21
	VBROADCASTSS (BX), Z22
	VBROADCASTSS (BX)(R8*1), Z23
	VBROADCASTSS (BX)(R8*2), Z24
	VBROADCASTSS (BX)(R11*1), Z25
	FMA(Z16, Z17, Z18, Z0, Z1)
	FMA(Z16, Z17, Z19, Z2, Z3)
	FMA(Z16, Z17, Z20, Z4, Z5)
	FMA(Z16, Z17, Z21, Z6, Z7)
	FMA(Z16, Z17, Z22, Z8, Z9)
	FMA(Z16, Z17, Z23, Z10, Z11)
	FMA(Z16, Z17, Z24, Z12, Z13)
	FMA(Z16, Z17, Z25, Z14, Z15)
	ADDQ R9, AX
	ADDQ R9, BX
	ADDQ R10, SI
	DECQ CX
	JNE loop

	TILE512(STORE)
	VZEROUPPER
	RET

// func row512(c, a *float32, aColumn int, b *float32, bRow, k int)
TEXT ·row512(SB), NOSPLIT, $0-48
	ROW_ARGUMENTS
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1

loop:
	VBROADCASTSS (AX), Z2
	VFMADD231PS (SI), Z2, Z0
	VFMADD231PS 64(SI), Z2, Z1
	ADDQ R9, AX
	ADDQ R10, SI
	DECQ CX
	JNE loop
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VZEROUPPER
	RET

// func tile256(c *float32, cRow int, a *float32, aRow, aColumn int, b *float32, bRow, k int)
//
// 4 rows of 16 columns: two registers a row.
TEXT ·tile256(SB), NOSPLIT, $0-64
	TILE_ARGUMENTS
	LEAQ (DX)(DX*2), R12
	TILE256(LOAD)

loop:
	VMOVUPS (SI), Y8
	VMOVUPS 32(SI), Y9
	VBROADCASTSS (AX), Y10
	VBROADCASTSS (AX)(R8*1), Y11
	VBROADCASTSS (AX)(R8*2), Y12
	VBROADCASTSS (AX)(R11*1), Y13
	FMA(Y8, Y9, Y10, Y0, Y1)
	FMA(Y8, Y9, Y11, Y2, Y3)
	FMA(Y8, Y9, Y12, Y4, Y5)
	FMA(Y8, Y9, Y13, Y6, Y7)
	ADDQ R9, AX
	ADDQ R10, SI
	DECQ CX
	JNE loop

	TILE256(STORE)
	VZEROUPPER
	RET

// func row256(c, a *float32, aColumn int, b *float32, bRow, k int)
TEXT ·row256(SB), NOSPLIT, $0-48
	ROW_ARGUMENTS
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3

loop:
	VBROADCASTSS (AX), Y4
	VFMADD231PS (SI), Y4, Y0
	VFMADD231PS 32(SI), Y4, Y1
	VFMADD231PS 64(SI), Y4, Y2
	VFMADD231PS 96(SI), Y4, Y3
	ADDQ R9, AX
	ADDQ R10, SI
	DECQ CX
	JNE loop
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VZEROUPPER
	RET
