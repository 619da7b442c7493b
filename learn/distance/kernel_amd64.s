#include "textflag.h"

// A block is features x 128 numbers: 1024 bytes a feature.

// Goes over the features of 16 rows and a tile of four points, and does with each OF
// what its distance is the sum of.
#define FEATURES(OF) \
	MOVQ DI, AX        \
	MOVQ SI, BX        \
feature:             \
	VMOVUPD (AX), Z8   \
	VMOVUPD 64(AX), Z9 \
	OF(0, Z0, Z1)      \
	OF(8, Z2, Z3)      \
	OF(16, Z4, Z5)     \
	OF(24, Z6, Z7)     \
	ADDQ $1024, AX     \
	ADDQ $32, R12      \
	DECQ BX            \
	JNE feature

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
	FEATURES(DIFFERENCE)
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

#define PRODUCT(at, a, b) \
	VBROADCASTSD at(R12), Z10 \
	VMULPD Z8, Z10, Z11  \
	VMULPD Z9, Z10, Z12  \
	VADDPD Z11, a, a     \
	VADDPD Z12, b, b

#define BETTER(a, b) \
	VCMPPD $17, Z16, a, K1   \
	VCMPPD $17, Z17, b, K2   \
	VMOVAPD a, K1, Z16       \
	VMOVAPD b, K2, Z17       \
	VMOVDQA64 Z20, K1, Z18   \
	VMOVDQA64 Z20, K2, Z19   \
	VPADDQ Z21, Z20, Z20

// func nearest512(block *float64, features, groups int, tiles, norms *float64, count int, labels *int32)
//
// The centre of the smallest score for 16 rows a group, the first of equals.
TEXT ·nearest512(SB), NOSPLIT, $0-56
	MOVQ block+0(FP), DI
	MOVQ features+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ tiles+24(FP), R8
	MOVQ norms+32(FP), R9
	MOVQ count+40(FP), R10
	MOVQ labels+48(FP), R11
	MOVQ $0x7ff0000000000000, AX
	VPBROADCASTQ AX, Z22
	MOVQ $1, AX
	VPBROADCASTQ AX, Z21

group:
	VMOVAPD Z22, Z16
	VMOVAPD Z22, Z17
	VPXORQ  Z18, Z18, Z18
	VPXORQ  Z19, Z19, Z19
	VPXORQ  Z20, Z20, Z20
	MOVQ R8, R12
	MOVQ R9, R13
	MOVQ R10, DX

tile:
	VBROADCASTSD 0(R13), Z0
	VBROADCASTSD 8(R13), Z2
	VBROADCASTSD 16(R13), Z4
	VBROADCASTSD 24(R13), Z6
	VMOVAPD Z0, Z1
	VMOVAPD Z2, Z3
	VMOVAPD Z4, Z5
	VMOVAPD Z6, Z7
	FEATURES(PRODUCT)
	BETTER(Z0, Z1)
	BETTER(Z2, Z3)
	BETTER(Z4, Z5)
	BETTER(Z6, Z7)
	ADDQ $32, R13
	DECQ DX
	JNE tile
	VPMOVQD Z18, (R11)
	VPMOVQD Z19, 32(R11)
	ADDQ $64, R11
	ADDQ $128, DI
	DECQ CX
	JNE group
	VZEROUPPER
	RET

// func closer512(closest, weights, distances *float64, points int, sums *float64)
TEXT ·closer512(SB), NOSPLIT, $0-40
	MOVQ closest+0(FP), DI
	MOVQ weights+8(FP), SI
	MOVQ distances+16(FP), R8
	MOVQ points+24(FP), DX
	MOVQ sums+32(FP), R9

point:
	VMOVUPD (R9), Z0
	MOVQ DI, AX
	MOVQ SI, BX
	MOVQ $16, CX

eight:
	VMOVUPD (AX), Z1
	VMINPD  (R8), Z1, Z1
	VMULPD  (BX), Z1, Z1
	VADDPD  Z1, Z0, Z0
	ADDQ $64, AX
	ADDQ $64, BX
	ADDQ $64, R8
	DECQ CX
	JNE eight
	VMOVUPD Z0, (R9)
	ADDQ $64, R9
	DECQ DX
	JNE point
	VZEROUPPER
	RET
