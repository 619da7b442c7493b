#include "textflag.h"

// func marksAVX2(masks *uint64, buf *byte, n int, delimiter, newline byte) (newlines int, nul, high uint32)
TEXT ·marksAVX2(SB), NOSPLIT, $0-48
	MOVQ masks+0(FP), DI
	MOVQ buf+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTB delimiter+24(FP), Y0
	VPBROADCASTB newline+25(FP), Y1
	VPXOR Y8, Y8, Y8    // zero
	VPXOR Y9, Y9, Y9    // where NUL was seen
	VPXOR Y10, Y10, Y10 // every byte, or-ed
	XORQ R8, R8         // newlines

loop:
	VMOVDQU (SI), Y2
	VMOVDQU 32(SI), Y3
	VPCMPEQB Y0, Y2, Y4
	VPCMPEQB Y1, Y2, Y5
	VPCMPEQB Y0, Y3, Y6
	VPCMPEQB Y1, Y3, Y7
	VPOR Y2, Y10, Y10
	VPOR Y3, Y10, Y10
	VPCMPEQB Y8, Y2, Y2
	VPCMPEQB Y8, Y3, Y3
	VPOR Y2, Y9, Y9
	VPOR Y3, Y9, Y9
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y6, BX
	VPMOVMSKB Y5, R9
	VPMOVMSKB Y7, R10
	SHLQ $32, BX
	SHLQ $32, R10
	ORQ BX, AX
	ORQ R10, R9
	ORQ R9, AX
	POPCNTQ R9, R9
	ADDQ R9, R8
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ loop

	VPMOVMSKB Y9, AX
	VPMOVMSKB Y10, BX
	MOVQ R8, newlines+32(FP)
	MOVL AX, nul+40(FP)
	MOVL BX, high+44(FP)
	VZEROUPPER
	RET
