#include "textflag.h"

// A block is features x 128 numbers: 1024 bytes a feature.

// func centre512(to, from *float64, n int, mean, scale float64)
TEXT ·centre512(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSD mean+24(FP), Z1
	VBROADCASTSD scale+32(FP), Z2

eight:
	PREFETCHT0 1024(SI) // the next block of the feature
	VMOVUPD (SI), Z0
	VSUBPD  Z1, Z0, Z0
	VMULPD  Z2, Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $8, CX
	JNE     eight
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
	MOVQ DI, AX
	MOVQ SI, BX

feature:
	VMOVUPD (AX), Z8
	VMOVUPD 64(AX), Z9
	PRODUCT(0, Z0, Z1)
	PRODUCT(8, Z2, Z3)
	PRODUCT(16, Z4, Z5)
	PRODUCT(24, Z6, Z7)
	ADDQ $1024, AX
	ADDQ $32, R12
	DECQ BX
	JNE feature
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

// func potentials512(closest, weights, distances *float64, candidates int, sums *float64)
TEXT ·potentials512(SB), NOSPLIT, $0-40
	MOVQ closest+0(FP), DI
	MOVQ weights+8(FP), SI
	MOVQ distances+16(FP), R8
	MOVQ candidates+24(FP), DX
	MOVQ sums+32(FP), R9

candidate:
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
	JNE candidate
	VZEROUPPER
	RET
