#include "textflag.h"

#define DIFFERENCE(at, a, b) \
	VBROADCASTSD at(R12), Z10 \
	VSUBPD Z10, Z8, Z11  \
	VSUBPD Z10, Z9, Z12  \
	VMULPD Z11, Z11, Z11 \
	VMULPD Z12, Z12, Z12 \
	VADDPD Z11, a, a     \
	VADDPD Z12, b, b

// func squared512(block *float64, features, groups int, tiles *float64, count int, out *float64)
//
// The squared distance of each row to each centre: 128 numbers a centre.
TEXT ·squared512(SB), NOSPLIT, $0-48
	MOVQ block+0(FP), DI
	MOVQ features+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ tiles+24(FP), R8
	MOVQ count+32(FP), R10
	MOVQ out+40(FP), R11

group:
	MOVQ R8, R12
	MOVQ R10, DX
	MOVQ R11, R13

tile:
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	MOVQ DI, AX
	MOVQ SI, BX

feature:
	VMOVUPD (AX), Z8
	VMOVUPD 64(AX), Z9
	DIFFERENCE(0, Z0, Z1)
	DIFFERENCE(8, Z2, Z3)
	DIFFERENCE(16, Z4, Z5)
	DIFFERENCE(24, Z6, Z7)
	ADDQ $1024, AX
	ADDQ $32, R12
	DECQ BX
	JNE feature
	VMOVUPD Z0, (R13)
	VMOVUPD Z1, 64(R13)
	VMOVUPD Z2, 1024(R13)
	VMOVUPD Z3, 1088(R13)
	VMOVUPD Z4, 2048(R13)
	VMOVUPD Z5, 2112(R13)
	VMOVUPD Z6, 3072(R13)
	VMOVUPD Z7, 3136(R13)
	ADDQ $4096, R13
	DECQ DX
	JNE tile
	ADDQ $128, R11
	ADDQ $128, DI
	DECQ CX
	JNE group
	VZEROUPPER
	RET
