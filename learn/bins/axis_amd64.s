#include "textflag.h"

// func bins512(into *uint32, values *float64, n int, padded *float64, half int, last, missing uint32)
//
// Finds the bins of n values, a multiple of 32, by halving: 32 values at a time, of
// which 8 are looked up by one gather.
TEXT ·bins512(SB), NOSPLIT, $0-48
	MOVQ into+0(FP), DI
	MOVQ values+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ padded+24(FP), R8
	MOVQ half+32(FP), R11
	MOVL last+40(FP), AX
	VPBROADCASTD AX, Y16
	MOVL missing+44(FP), AX
	VPBROADCASTD AX, Y17

values:
	VMOVUPD (SI), Z0
	VMOVUPD 64(SI), Z1
	VMOVUPD 128(SI), Z2
	VMOVUPD 192(SI), Z3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	MOVQ R11, R10

halve:
	LEAQ -8(R8)(R10*8), R9
	VPBROADCASTD R10, Y8
	KXNORW K1, K1, K1
	KXNORW K2, K2, K2
	KXNORW K3, K3, K3
	KXNORW K4, K4, K4
	VGATHERDPD (R9)(Y4*8), K1, Z10
	VGATHERDPD (R9)(Y5*8), K2, Z11
	VGATHERDPD (R9)(Y6*8), K3, Z12
	VGATHERDPD (R9)(Y7*8), K4, Z13
	VCMPPD $17, Z0, Z10, K1 // the edge is less than the value
	VCMPPD $17, Z1, Z11, K2
	VCMPPD $17, Z2, Z12, K3
	VCMPPD $17, Z3, Z13, K4
	VPADDD Y8, Y4, K1, Y4
	VPADDD Y8, Y5, K2, Y5
	VPADDD Y8, Y6, K3, Y6
	VPADDD Y8, Y7, K4, Y7
	SHRQ $1, R10
	JNE halve

	VPMINUD Y16, Y4, Y4
	VPMINUD Y16, Y5, Y5
	VPMINUD Y16, Y6, Y6
	VPMINUD Y16, Y7, Y7
	VCMPPD $3, Z0, Z0, K1 // no number
	VCMPPD $3, Z1, Z1, K2
	VCMPPD $3, Z2, Z2, K3
	VCMPPD $3, Z3, Z3, K4
	VMOVDQA32 Y17, K1, Y4
	VMOVDQA32 Y17, K2, Y5
	VMOVDQA32 Y17, K3, Y6
	VMOVDQA32 Y17, K4, Y7
	VMOVDQU32 Y4, (DI)
	VMOVDQU32 Y5, 32(DI)
	VMOVDQU32 Y6, 64(DI)
	VMOVDQU32 Y7, 96(DI)
	ADDQ $256, SI
	ADDQ $128, DI
	SUBQ $32, CX
	JNE values
	VZEROUPPER
	RET
