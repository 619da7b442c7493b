#include "textflag.h"

// func masks512(block *uint32, splits *maskSplit, trees *int32, n int, values, sums *float64, outputs int)
//
// Adds n trees, at least one, to the sums of 32 rows: outputs x 32.
TEXT ·masks512(SB), NOSPLIT, $0-56
	MOVQ block+0(FP), R8
	MOVQ splits+8(FP), SI
	MOVQ trees+16(FP), DX
	MOVQ n+24(FP), CX
	MOVQ values+32(FP), R9
	MOVQ sums+40(FP), DI
	MOVQ outputs+48(FP), R11
	SHLQ $8, R11
	ADDQ DI, R11 // the end of the sums
	MOVQ DI, R10

tree:
	VPTERNLOGD $255, Z0, Z0, Z0
	VMOVDQA32 Z0, Z1
	MOVLQSX (DX), BX
	TESTQ BX, BX
	JEQ leaf

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

leaf:
	VPLZCNTD Z0, Z0
	VPLZCNTD Z1, Z1
	VEXTRACTI64X4 $1, Z0, Y4
	VEXTRACTI64X4 $1, Z1, Y5
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y0*8), K3, Z6
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y4*8), K3, Z7
	KXNORW K3, K3, K3
	VGATHERDPD (R9)(Y1*8), K3, Z8
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
	ADDQ $256, R9
	ADDQ $4, DX
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
