#include "textflag.h"

// Numbers in the order in which they are loaded.
DATA constants<>+0(SB)/8, $0x4044000000000000  // 40
DATA constants<>+8(SB)/8, $0xc044000000000000  // -40
DATA constants<>+16(SB)/8, $0x3ff71547652b82fe // log2 e
DATA constants<>+24(SB)/8, $0x4338000000000000 // 2^52 + 2^51
DATA constants<>+32(SB)/8, $0x3fe62e42fee00000 // log 2, its upper part
DATA constants<>+40(SB)/8, $0x3dea39ef35793c76 // and the rest
DATA constants<>+48(SB)/8, $0x3fe0000000000000 // 1/2
DATA constants<>+56(SB)/8, $0x3fc5555555555555 // 1/6
DATA constants<>+64(SB)/8, $0x3fa5555555555555 // 1/24
DATA constants<>+72(SB)/8, $0x3f81111111111111 // 1/120
DATA constants<>+80(SB)/8, $0x3f56c16c16c16c17 // 1/720
DATA constants<>+88(SB)/8, $0x3f2a01a01a01a01a // 1/5040
DATA constants<>+96(SB)/8, $0x3efa01a01a01a01a // 1/40320
DATA constants<>+104(SB)/8, $0x3ff0000000000000 // 1
DATA constants<>+112(SB)/8, $1023
DATA constants<>+120(SB)/8, $0x8000000000000000 // the sign
GLOBL constants<>(SB), RODATA, $128

// func logistic512(words *uint64, of, sign *float64, n int, gradientScale, hessianScale float64, t *totals)
//
// Eight rows at a time; n is a multiple of 8. The steps are those of logisticStep
// and put, one instruction each.
TEXT ·logistic512(SB), NOSPLIT, $0-56
	MOVQ words+0(FP), DI
	MOVQ of+8(FP), SI
	MOVQ sign+16(FP), DX
	MOVQ n+24(FP), CX
	VBROADCASTSD gradientScale+32(FP), Z30
	VBROADCASTSD hessianScale+40(FP), Z31
	MOVQ t+48(FP), R8
	LEAQ constants<>(SB), AX
	VBROADCASTSD 0(AX), Z10
	VBROADCASTSD 8(AX), Z11
	VBROADCASTSD 16(AX), Z12
	VBROADCASTSD 24(AX), Z13
	VBROADCASTSD 32(AX), Z14
	VBROADCASTSD 40(AX), Z15
	VBROADCASTSD 48(AX), Z16
	VBROADCASTSD 56(AX), Z17
	VBROADCASTSD 64(AX), Z18
	VBROADCASTSD 72(AX), Z19
	VBROADCASTSD 80(AX), Z20
	VBROADCASTSD 88(AX), Z21
	VBROADCASTSD 96(AX), Z22
	VBROADCASTSD 104(AX), Z23
	VPBROADCASTQ 112(AX), Z24
	VPBROADCASTQ 120(AX), Z25
	VPXORQ Z28, Z28, Z28 // sum of gradients' absolute values
	VPXORQ Z29, Z29, Z29 // sum of hessians

loop:
	VMOVUPD (SI), Z0
	VMOVUPD (DX), Z1
	VMULPD  Z1, Z0, Z0 // x
	VMINPD  Z10, Z0, Z0
	VMAXPD  Z11, Z0, Z0
	VMULPD  Z12, Z0, Z2
	VADDPD  Z13, Z2, Z2 // bits
	VSUBPD  Z13, Z2, Z3 // k
	VMULPD  Z14, Z3, Z4
	VSUBPD  Z4, Z0, Z0
	VMULPD  Z15, Z3, Z3
	VSUBPD  Z3, Z0, Z0  // r
	VMULPD  Z0, Z0, Z3  // r2
	VMULPD  Z3, Z3, Z4  // r4
	VADDPD  Z0, Z23, Z5 // low
	VMULPD  Z17, Z0, Z6
	VADDPD  Z6, Z16, Z6
	VMULPD  Z6, Z3, Z6
	VADDPD  Z6, Z5, Z5
	VMULPD  Z19, Z0, Z6
	VADDPD  Z6, Z18, Z6 // high
	VMULPD  Z21, Z0, Z7
	VADDPD  Z7, Z20, Z7
	VMULPD  Z7, Z3, Z7
	VADDPD  Z7, Z6, Z6
	VMULPD  Z22, Z4, Z7
	VADDPD  Z7, Z6, Z6
	VMULPD  Z6, Z4, Z6
	VADDPD  Z6, Z5, Z5
	VPADDQ  Z24, Z2, Z2
	VPSLLQ  $52, Z2, Z2
	VMULPD  Z2, Z5, Z5  // e
	VADDPD  Z5, Z23, Z6
	VDIVPD  Z6, Z23, Z6 // u
	VPXORQ  Z25, Z1, Z1
	VMULPD  Z6, Z1, Z1  // gradient
	VMULPD  Z6, Z5, Z5
	VMULPD  Z6, Z5, Z5  // hessian
	VMULPD  Z30, Z1, Z1
	VADDPD  Z13, Z1, Z1
	VMULPD  Z31, Z5, Z5
	VADDPD  Z13, Z5, Z5
	VPSLLQ  $32, Z1, Z1
	VPSRAQ  $32, Z1, Z2
	VPABSQ  Z2, Z2
	VPADDQ  Z2, Z28, Z28
	VPSLLQ  $32, Z5, Z5
	VPSRLQ  $32, Z5, Z5
	VPADDQ  Z5, Z29, Z29
	VPORQ   Z1, Z5, Z5
	VMOVDQU64 Z5, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $64, DI
	SUBQ    $8, CX
	JNE     loop

	VEXTRACTI64X4 $1, Z28, Y0
	VPADDQ Y28, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ X1, X0, X0
	VPSRLDQ $8, X0, X1
	VPADDQ X1, X0, X0
	MOVQ X0, AX
	ADDQ AX, 0(R8)
	VEXTRACTI64X4 $1, Z29, Y0
	VPADDQ Y29, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ X1, X0, X0
	VPSRLDQ $8, X0, X1
	VPADDQ X1, X0, X0
	MOVQ X0, AX
	ADDQ AX, 8(R8)
	VZEROUPPER
	RET
