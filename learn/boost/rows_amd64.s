#include "textflag.h"

// func divide512(front, rows, spare *uint32, n int, bins *uint8, stride uint32, left *binSet) (goLeft int)
//
// Sixteen rows at a time; n is a multiple of 16. Rows that go left are moved to
// the front, which is not after rows, so that what is overwritten has been read;
// the others to spare. Up to 16 places after the last of either are overwritten, too.
TEXT ·divide512(SB), NOSPLIT, $0-64
	MOVQ front+0(FP), DI
	MOVQ rows+8(FP), SI
	MOVQ spare+16(FP), DX
	MOVQ n+24(FP), CX
	MOVQ bins+32(FP), R8
	MOVL stride+40(FP), AX
	VPBROADCASTD AX, Z10
	MOVQ left+48(FP), AX
	VMOVDQU32 (AX), Y11 // a bit for each bin
	MOVL $255, AX
	VPBROADCASTD AX, Z12
	MOVL $31, AX
	VPBROADCASTD AX, Z13
	MOVL $1, AX
	VPBROADCASTD AX, Z14

loop:
	VMOVDQU32 (SI), Z0
	VPMULLD Z10, Z0, Z1
	KXNORW K1, K1, K1
	VPGATHERDD (R8)(Z1*1), K1, Z2
	VPANDD Z12, Z2, Z2
	VPSRLD $5, Z2, Z3
	VPERMD Z11, Z3, Z3
	VPANDD Z13, Z2, Z2
	VPSRLVD Z2, Z3, Z3
	VPTESTMD Z14, Z3, K2
	KNOTW K2, K3
	VPCOMPRESSD Z0, K2, Z4
	VPCOMPRESSD Z0, K3, Z5
	VMOVDQU32 Z4, (DI)
	VMOVDQU32 Z5, (DX)
	KMOVW K2, AX
	POPCNTL AX, AX
	LEAQ (DI)(AX*4), DI
	NEGQ AX
	LEAQ 64(DX)(AX*4), DX
	ADDQ $64, SI
	SUBQ $16, CX
	JNE loop

	SUBQ front+0(FP), DI
	SHRQ $2, DI
	MOVQ DI, goLeft+56(FP)
	VZEROUPPER
	RET

// func round512(adds *uint64, rows *uint32, n int, words *uint64, gradientShift, hessianShift uint64)
//
// Eight rows at a time; n is a multiple of 8. The steps are those of coarse.of.
TEXT ·round512(SB), NOSPLIT, $0-48
	MOVQ adds+0(FP), DI
	MOVQ rows+8(FP), SI
	MOVQ n+16(FP), DX
	MOVQ words+24(FP), R8
	MOVQ $1, AX
	SHLQ $31, AX
	MOVQ AX, BX
	MOVQ $32, CX
	SUBQ gradientShift+32(FP), CX
	SHRQ CX, AX
	VPBROADCASTQ AX, Z10 // half a unit of gradients
	MOVQ $32, CX
	SUBQ hessianShift+40(FP), CX
	SHRQ CX, BX
	VPBROADCASTQ BX, Z11 // and of hessians
	VMOVQ gradientShift+32(FP), X12
	VMOVQ hessianShift+40(FP), X13

loop:
	VPMOVZXDQ (SI), Z0
	KXNORW K1, K1, K1
	VPGATHERQQ (R8)(Z0*8), K1, Z1
	VPSRAQ $32, Z1, Z2
	VPADDQ Z10, Z2, Z2
	VPSRAQ X12, Z2, Z2
	VPSLLQ $32, Z2, Z2
	VPSLLQ $32, Z1, Z1
	VPSRLQ $32, Z1, Z1
	VPADDQ Z11, Z1, Z1
	VPSRLQ X13, Z1, Z1
	VPADDQ Z1, Z2, Z2
	VMOVDQU64 Z2, (DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $8, DX
	JNE loop
	VZEROUPPER
	RET
