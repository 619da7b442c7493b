#include "textflag.h"

// func masks512(block *uint32, splits *maskSplit, counts *int32, n, words int, values, sums *float64, outputs int)
//
// Adds n trees, at least one, to the sums of 32 rows: outputs x 32. Of a row's words
// the first that has a leaf left says which.
TEXT ·masks512(SB), NOSPLIT, $0-64
	MOVQ block+0(FP), R8
	MOVQ splits+8(FP), SI
	MOVQ counts+16(FP), DX
	MOVQ n+24(FP), CX
	MOVQ words+32(FP), R12
	MOVQ values+40(FP), R9
	MOVQ sums+48(FP), DI
	MOVQ outputs+56(FP), R11
	SHLQ $8, R11
	ADDQ DI, R11 // the end of the sums
	MOVQ DI, R10
	MOVQ R12, R14
	SHLQ $8, R14 // bytes of a tree's values
	MOVL $32, AX
	VPBROADCASTD AX, Z12

tree:
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	KXNORW K4, K4, K4 // rows that have found no leaf
	KXNORW K5, K5, K5
	MOVQ R12, R13

word:
	VPTERNLOGD $255, Z0, Z0, Z0
	VMOVDQA32 Z0, Z1
	MOVLQSX (DX), BX
	ADDQ $4, DX
	TESTQ BX, BX
	JEQ first

split:
	MOVL (SI), AX
	VPBROADCASTD 4(SI), Z2
	VPBROADCASTD 8(SI), Z3
	VPCMPUD $1, (R8)(AX*1), Z2, K1
	VPCMPUD $1, 64(R8)(AX*1), Z2, K2
	VPANDD Z3, Z0, K1, Z0
	VPANDD Z3, Z1, K2, Z1
	ADDQ $12, SI
	DECQ BX
	JNE split

first:
	VPLZCNTD Z0, Z0 // 32 where no leaf is left
	VPLZCNTD Z1, Z1
	VPADDD Z0, Z10, K4, Z10
	VPADDD Z1, Z11, K5, Z11
	VPCMPEQD Z12, Z0, K4, K4
	VPCMPEQD Z12, Z1, K5, K5
	DECQ R13
	JNE word

	VEXTRACTI64X4 $1, Z10, Y4
	VEXTRACTI64X4 $1, Z11, Y5
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y10*8), K3, Z6
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y4*8), K3, Z7
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y11*8), K3, Z8
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y5*8), K3, Z9
	VADDPD (R10), Z6, Z6
	VADDPD 64(R10), Z7, Z7
	VADDPD 128(R10), Z8, Z8
	VADDPD 192(R10), Z9, Z9
	VMOVUPD Z6, (R10)
	VMOVUPD Z7, 64(R10)
	VMOVUPD Z8, 128(R10)
	VMOVUPD Z9, 192(R10)
	ADDQ R14, R9
	ADDQ $256, R10
	CMPQ R10, R11
	CMOVQEQ DI, R10
	DECQ CX
	JNE tree
	VZEROUPPER
	RET

// func masksOfRow512(row *uint32, splits *maskTree, n int, values, leaves *float64)
//
// Finds the values of a row's leaves in n trees, at least one: 16 splits of a tree
// at a time.
TEXT ·masksOfRow512(SB), NOSPLIT, $0-40
	MOVQ row+0(FP), R8
	MOVQ splits+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ values+24(FP), R9
	MOVQ leaves+32(FP), DI

tree:
	VPTERNLOGD $255, Z0, Z0, Z0
	VMOVDQA32 Z0, Z5
	VMOVDQU32 (SI), Z1
	VMOVDQU32 64(SI), Z2
	KXNORW K1, K1, K1
	KXNORW K2, K2, K2
	VPGATHERDD (R8)(Z1*4), K1, Z3
	VPGATHERDD (R8)(Z2*4), K2, Z4
	VPCMPUD $6, 128(SI), Z3, K1
	VPCMPUD $6, 192(SI), Z4, K2
	VPANDD 256(SI), Z0, K1, Z0
	VPANDD 320(SI), Z5, K2, Z5
	VPANDD Z5, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPAND Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPAND X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPAND X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPAND X1, X0, X0
	VMOVD X0, AX
	BSRL AX, AX
	XORL $31, AX
	MOVQ (R9)(AX*8), BX
	MOVQ BX, (DI)
	ADDQ $384, SI
	ADDQ $256, R9
	ADDQ $8, DI
	DECQ CX
	JNE tree
	VZEROUPPER
	RET
