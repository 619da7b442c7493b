#include "textflag.h"

// Adds up the eight parts of Z to the first of X, and writes that.
#define ADDUP(Z, Y, X, at) \
	VEXTRACTF64X4 $1, Z, Y16  \
	VADDPD        Y16, Y, Y   \
	VEXTRACTF64X2 $1, Y, X16  \
	VADDPD        X16, X, X   \
	VPERMILPD     $1, X, X16  \
	VADDSD        X16, X, X   \
	VMOVSD        X, at(DI)

#define ZERO(A, B, C, D) \
	VPXORQ A, A, A \
	VPXORQ B, B, B \
	VPXORQ C, C, C \
	VPXORQ D, D, D

// func inner512(a, b *float64, n int) float64
TEXT ·inner512(SB), NOSPLIT, $0-32
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	MOVQ n+16(FP), CX
	LEAQ ret+24(FP), DI
	VPXORQ Z0, Z0, Z0

loop:
	VMOVUPD (SI), Z1
	VMULPD  (DX), Z1, Z1
	VADDPD  Z1, Z0, Z0
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $8, CX
	JNE     loop

	ADDUP(Z0, Y0, X0, 0)
	VZEROUPPER
	RET

// Of a Four that R12 is the address of: where its columns begin, and its centres.
#define FOUR \
	MOVQ 0(R12), R8             \
	MOVQ 24(R12), R9            \
	MOVQ 48(R12), R10           \
	MOVQ 72(R12), R11           \
	VBROADCASTSD 96(R12), Z20   \
	VBROADCASTSD 104(R12), Z21  \
	VBROADCASTSD 112(R12), Z22  \
	VBROADCASTSD 120(R12), Z23  \
	XORQ DX, DX

// Eight rows of its columns less their centres, each times the vector of V.
#define TIMES(V0, V1, V2, V3) \
	VMOVUPD (R8)(DX*8), Z5   \
	VMOVUPD (R9)(DX*8), Z6   \
	VMOVUPD (R10)(DX*8), Z7  \
	VMOVUPD (R11)(DX*8), Z8  \
	VSUBPD  Z20, Z5, Z5      \
	VSUBPD  Z21, Z6, Z6      \
	VSUBPD  Z22, Z7, Z7      \
	VSUBPD  Z23, Z8, Z8      \
	VMULPD  V0, Z5, Z5       \
	VMULPD  V1, Z6, Z6       \
	VMULPD  V2, Z7, Z7       \
	VMULPD  V3, Z8, Z8

// func inner4by512(v *float64, x *Four, n int, s *[4]float64)
TEXT ·inner4by512(SB), NOSPLIT, $0-32
	MOVQ v+0(FP), SI
	MOVQ x+8(FP), R12
	MOVQ n+16(FP), CX
	MOVQ s+24(FP), DI
	ZERO(Z0, Z1, Z2, Z3)
	FOUR

loop:
	VMOVUPD (SI)(DX*8), Z4
	TIMES(Z4, Z4, Z4, Z4)
	VADDPD  Z5, Z0, Z0
	VADDPD  Z6, Z1, Z1
	VADDPD  Z7, Z2, Z2
	VADDPD  Z8, Z3, Z3
	ADDQ    $8, DX
	CMPQ    DX, CX
	JNE     loop

	ADDUP(Z0, Y0, X0, 0)
	ADDUP(Z1, Y1, X1, 8)
	ADDUP(Z2, Y2, X2, 16)
	ADDUP(Z3, Y3, X3, 24)
	VZEROUPPER
	RET

// func add512(to, v *float64, n int, s float64)
TEXT ·add512(SB), NOSPLIT, $0-32
	MOVQ to+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSD s+24(FP), Z10

loop:
	VMULPD  (SI), Z10, Z0
	VADDPD  (DI), Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $8, CX
	JNE     loop
	VZEROUPPER
	RET

// func add4by512(to *float64, x *Four, n int, s *[4]float64)
TEXT ·add4by512(SB), NOSPLIT, $0-32
	MOVQ to+0(FP), DI
	MOVQ x+8(FP), R12
	MOVQ n+16(FP), CX
	MOVQ s+24(FP), AX
	VBROADCASTSD 0(AX), Z10
	VBROADCASTSD 8(AX), Z11
	VBROADCASTSD 16(AX), Z12
	VBROADCASTSD 24(AX), Z13
	FOUR

loop:
	TIMES(Z10, Z11, Z12, Z13)
	VADDPD  Z6, Z5, Z5
	VADDPD  Z8, Z7, Z7
	VADDPD  Z7, Z5, Z5
	VADDPD  (DI)(DX*8), Z5, Z5
	VMOVUPD Z5, (DI)(DX*8)
	ADDQ    $8, DX
	CMPQ    DX, CX
	JNE     loop
	VZEROUPPER
	RET

// Adds the products of X with four others to their sums.
#define PRODUCTS(X, S0, S1, S2, S3) \
	VMULPD Z20, X, Z24   \
	VMULPD Z21, X, Z25   \
	VMULPD Z22, X, Z26   \
	VMULPD Z23, X, Z27   \
	VADDPD Z24, S0, S0   \
	VADDPD Z25, S1, S1   \
	VADDPD Z26, S2, S2   \
	VADDPD Z27, S3, S3

// func dots512(a, b *float64, step, rows int, s *[16]float64)
//
// Eight rows at a time of four columns, step bytes apart, and four others; rows is
// a multiple of 8.
TEXT ·dots512(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	MOVQ step+16(FP), R8
	MOVQ rows+24(FP), CX
	MOVQ s+32(FP), DI
	LEAQ (R8)(R8*2), R9
	ZERO(Z0, Z1, Z2, Z3)
	ZERO(Z4, Z5, Z6, Z7)
	ZERO(Z8, Z9, Z10, Z11)
	ZERO(Z12, Z13, Z14, Z15)

loop:
	VMOVUPD (SI), Z16
	VMOVUPD (SI)(R8*1), Z17
	VMOVUPD (SI)(R8*2), Z18
	VMOVUPD (SI)(R9*1), Z19
	VMOVUPD (DX), Z20
	VMOVUPD (DX)(R8*1), Z21
	VMOVUPD (DX)(R8*2), Z22
	VMOVUPD (DX)(R9*1), Z23
	PRODUCTS(Z16, Z0, Z1, Z2, Z3)
	PRODUCTS(Z17, Z4, Z5, Z6, Z7)
	PRODUCTS(Z18, Z8, Z9, Z10, Z11)
	PRODUCTS(Z19, Z12, Z13, Z14, Z15)
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $8, CX
	JNE  loop

	ADDUP(Z0, Y0, X0, 0)
	ADDUP(Z1, Y1, X1, 8)
	ADDUP(Z2, Y2, X2, 16)
	ADDUP(Z3, Y3, X3, 24)
	ADDUP(Z4, Y4, X4, 32)
	ADDUP(Z5, Y5, X5, 40)
	ADDUP(Z6, Y6, X6, 48)
	ADDUP(Z7, Y7, X7, 56)
	ADDUP(Z8, Y8, X8, 64)
	ADDUP(Z9, Y9, X9, 72)
	ADDUP(Z10, Y10, X10, 80)
	ADDUP(Z11, Y11, X11, 88)
	ADDUP(Z12, Y12, X12, 96)
	ADDUP(Z13, Y13, X13, 104)
	ADDUP(Z14, Y14, X14, 112)
	ADDUP(Z15, Y15, X15, 120)
	VZEROUPPER
	RET

// Adds up the four parts of the sum of two Y to the first of X, and writes that.
#define ADDUP2(Y, H, X, at) \
	VADDPD       H, Y, Y    \
	VEXTRACTF128 $1, Y, X15 \
	VADDPD       X15, X, X  \
	VPERMILPD    $1, X, X15 \
	VADDSD       X15, X, X  \
	VMOVSD       X, at(DI)

// Adds the products of eight numbers of a column with eight others to their sums.
#define HALVES(X, H, S0, S1) \
	VMULPD Y12, X, Y14   \
	VMULPD Y13, H, Y15   \
	VADDPD Y14, S0, S0   \
	VADDPD Y15, S1, S1

// func dots256(a, b *float64, step, rows int, s *float64)
//
// dots512 for two columns and two others, of which s are places 0, 1, 4 and 5.
TEXT ·dots256(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	MOVQ step+16(FP), R8
	MOVQ rows+24(FP), CX
	MOVQ s+32(FP), DI
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7

loop:
	VMOVUPD (SI), Y8
	VMOVUPD 32(SI), Y9
	VMOVUPD (SI)(R8*1), Y10
	VMOVUPD 32(SI)(R8*1), Y11
	VMOVUPD (DX), Y12
	VMOVUPD 32(DX), Y13
	HALVES(Y8, Y9, Y0, Y1)
	HALVES(Y10, Y11, Y4, Y5)
	VMOVUPD (DX)(R8*1), Y12
	VMOVUPD 32(DX)(R8*1), Y13
	HALVES(Y8, Y9, Y2, Y3)
	HALVES(Y10, Y11, Y6, Y7)
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $8, CX
	JNE     loop

	ADDUP2(Y0, Y1, X0, 0)
	ADDUP2(Y2, Y3, X2, 8)
	ADDUP2(Y4, Y5, X4, 32)
	ADDUP2(Y6, Y7, X6, 40)
	VZEROUPPER
	RET

// func standardise512(to, x *float64, n int, center, inverse float64)
TEXT ·standardise512(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSD center+24(FP), Z10
	VBROADCASTSD inverse+32(FP), Z11

loop:
	PREFETCHT0 1024(SI) // of a column that is gone over in blocks, the next one
	VMOVUPD (SI), Z0
	VSUBPD  Z10, Z0, Z0
	VMULPD  Z11, Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $8, CX
	JNE     loop
	VZEROUPPER
	RET

// func sums512(x *float64, n int, from float64, s *[2]float64)
TEXT ·sums512(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSD from+16(FP), Z10
	MOVQ s+24(FP), DI
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1

loop:
	VMOVUPD (SI), Z2
	VSUBPD  Z10, Z2, Z2
	VADDPD  Z2, Z0, Z0
	VMULPD  Z2, Z2, Z3
	VADDPD  Z3, Z1, Z1
	ADDQ    $64, SI
	SUBQ    $8, CX
	JNE     loop

	ADDUP(Z0, Y0, X0, 0)
	ADDUP(Z1, Y1, X1, 8)
	VZEROUPPER
	RET

// func prefetch(v *float64, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ v+0(FP), SI
	MOVQ n+8(FP), CX

loop:
	PREFETCHT0 (SI)
	ADDQ       $64, SI
	SUBQ       $8, CX
	JGT        loop
	RET
