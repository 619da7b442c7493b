#include "textflag.h"

// func adam256(a *adam[float32], w, gradient, first, second *float32, n int)
//
// Eight weights at a time; n is a multiple of 8 and not 0. The steps are those of
// adam.step, nothing fused.
TEXT ·adam256(SB), NOSPLIT, $0-48
	MOVQ a+0(FP), AX
	MOVQ w+8(FP), DI
	MOVQ gradient+16(FP), SI
	MOVQ first+24(FP), DX
	MOVQ second+32(FP), BX
	MOVQ n+40(FP), CX
	VBROADCASTSS (AX), Y8    // keep1
	VBROADCASTSS 4(AX), Y9   // add1
	VBROADCASTSS 8(AX), Y10  // keep2
	VBROADCASTSS 12(AX), Y11 // add2
	VBROADCASTSS 16(AX), Y12 // root
	VBROADCASTSS 20(AX), Y13 // epsilon
	VBROADCASTSS 24(AX), Y14 // rate
	VBROADCASTSS 28(AX), Y15 // decay

loop:
	VMOVUPS (SI), Y0
	VMULPS (DX), Y8, Y1
	VMULPS Y0, Y9, Y2
	VADDPS Y2, Y1, Y1
	VMOVUPS Y1, (DX)
	VMULPS Y0, Y0, Y0
	VMULPS (BX), Y10, Y3
	VMULPS Y0, Y11, Y0
	VADDPS Y0, Y3, Y3
	VMOVUPS Y3, (BX)
	VSQRTPS Y3, Y3
	VMULPS Y12, Y3, Y3
	VADDPS Y13, Y3, Y3
	VMULPS Y14, Y1, Y1
	VDIVPS Y3, Y1, Y1
	VMOVUPS (DI), Y4
	VMULPS Y4, Y15, Y5
	VSUBPS Y5, Y4, Y4
	VSUBPS Y1, Y4, Y4
	VMOVUPS Y4, (DI)
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, BX
	ADDQ $32, DI
	SUBQ $8, CX
	JNE loop
	VZEROUPPER
	RET
