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

// func scores512(z, x0, x1, x2, x3 *float64, rows int, v, c *[4]float64)
//
// Eight rows at a time; rows is a multiple of 8.
TEXT ·scores512(SB), NOSPLIT, $0-64
	MOVQ z+0(FP), DI
	MOVQ x0+8(FP), R8
	MOVQ x1+16(FP), R9
	MOVQ x2+24(FP), R10
	MOVQ x3+32(FP), R11
	MOVQ rows+40(FP), CX
	MOVQ v+48(FP), AX
	MOVQ c+56(FP), BX
	VBROADCASTSD 0(AX), Z10
	VBROADCASTSD 8(AX), Z11
	VBROADCASTSD 16(AX), Z12
	VBROADCASTSD 24(AX), Z13
	VBROADCASTSD 0(BX), Z14
	VBROADCASTSD 8(BX), Z15
	VBROADCASTSD 16(BX), Z16
	VBROADCASTSD 24(BX), Z17
	XORQ DX, DX

loop:
	VMOVUPD (R8)(DX*8), Z0
	VMOVUPD (R9)(DX*8), Z1
	VMOVUPD (R10)(DX*8), Z2
	VMOVUPD (R11)(DX*8), Z3
	VSUBPD  Z14, Z0, Z0
	VSUBPD  Z15, Z1, Z1
	VSUBPD  Z16, Z2, Z2
	VSUBPD  Z17, Z3, Z3
	VMULPD  Z10, Z0, Z0
	VMULPD  Z11, Z1, Z1
	VMULPD  Z12, Z2, Z2
	VMULPD  Z13, Z3, Z3
	VADDPD  Z1, Z0, Z0
	VADDPD  Z3, Z2, Z2
	VADDPD  Z2, Z0, Z0
	VADDPD  (DI)(DX*8), Z0, Z0
	VMOVUPD Z0, (DI)(DX*8)
	ADDQ    $8, DX
	CMPQ    DX, CX
	JNE     loop
	VZEROUPPER
	RET

// func gather512(r, x0, x1, x2, x3 *float64, rows int, c, s *[4]float64)
//
// Eight rows at a time; rows is a multiple of 8.
TEXT ·gather512(SB), NOSPLIT, $0-64
	MOVQ r+0(FP), SI
	MOVQ x0+8(FP), R8
	MOVQ x1+16(FP), R9
	MOVQ x2+24(FP), R10
	MOVQ x3+32(FP), R11
	MOVQ rows+40(FP), CX
	MOVQ c+48(FP), BX
	MOVQ s+56(FP), DI
	VBROADCASTSD 0(BX), Z20
	VBROADCASTSD 8(BX), Z21
	VBROADCASTSD 16(BX), Z22
	VBROADCASTSD 24(BX), Z23
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	XORQ DX, DX

loop:
	VMOVUPD (SI)(DX*8), Z4
	VMOVUPD (R8)(DX*8), Z5
	VMOVUPD (R9)(DX*8), Z6
	VMOVUPD (R10)(DX*8), Z7
	VMOVUPD (R11)(DX*8), Z8
	VSUBPD  Z20, Z5, Z5
	VSUBPD  Z21, Z6, Z6
	VSUBPD  Z22, Z7, Z7
	VSUBPD  Z23, Z8, Z8
	VMULPD  Z4, Z5, Z5
	VMULPD  Z4, Z6, Z6
	VMULPD  Z4, Z7, Z7
	VMULPD  Z4, Z8, Z8
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

// func prefetch(x *float64, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX

loop:
	PREFETCHT0 (SI)
	ADDQ       $64, SI
	SUBQ       $8, CX
	JGT        loop
	RET
