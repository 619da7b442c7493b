#include "textflag.h"

// func markThere(seen *[4]uint64, there *[256]uint8)
TEXT ·markThere(SB), NOSPLIT, $0-16
	MOVQ seen+0(FP), DI
	MOVQ there+8(FP), SI
	VPXOR Y2, Y2, Y2
#define MARK(at, to) \
	VMOVDQU at(SI), Y0; \
	VMOVDQU at+32(SI), Y1; \
	VPSLLW $7, Y0, Y0; \
	VPSLLW $7, Y1, Y1; \
	VPMOVMSKB Y0, AX; \
	VPMOVMSKB Y1, DX; \
	SHLQ $32, DX; \
	ORQ DX, AX; \
	MOVQ AX, to(DI); \
	VMOVDQU Y2, at(SI); \
	VMOVDQU Y2, at+32(SI)
	MARK(0, 0)
	MARK(64, 8)
	MARK(128, 16)
	MARK(192, 24)
	VZEROUPPER
	RET

// func sumSides(cells *uint32, list *uint8, sides *side, n, step int, totals *[16]uint32)
//
// Weights are below 2^15: two of them are a word's halves, and products of the halves
// of words are added up by one instruction.
TEXT ·sumSides(SB), NOSPLIT, $0-48
	MOVQ cells+0(FP), DI
	MOVQ list+8(FP), SI
	MOVQ sides+16(FP), DX
	MOVQ n+24(FP), CX
	MOVQ step+32(FP), R8
	MOVQ totals+40(FP), R9
	MOVQ R8, R10
	SHLQ $4, R10
	VMOVDQU (R9), Y0
	VMOVDQU 32(R9), Y1
	VPACKUSDW Y1, Y0, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPCMPEQW Y6, Y6, Y6
	VPSRLW $15, Y6, Y6

bin:
	MOVBLZX (SI), AX
	SHLQ $6, AX
	ADDQ DI, AX
	VPADDD (AX), Y3, Y3
	VPADDD 32(AX), Y4, Y4
	VMOVDQU Y5, (AX)
	VMOVDQU Y5, 32(AX)
	VPACKUSDW Y4, Y3, Y7
	VPMADDWD Y7, Y7, Y8
	VPMADDWD Y2, Y7, Y9
	VPMADDWD Y6, Y7, Y10
	VPHADDD Y9, Y8, Y11
	VPHADDD Y10, Y10, Y12
	VPHADDD Y12, Y11, Y13
	VEXTRACTI128 $1, Y13, X14
	VPADDD X14, X13, X13
	VMOVDQU X13, (DX)
	ADDQ R8, SI
	ADDQ R10, DX
	DECQ CX
	JNE bin
	VZEROUPPER
	RET

// The place in cells of bin AX and code R12, and what is added there.
#define ADD \
	MOVB $1, (R11)(AX*1); \
	MOVL R12, R13; \
	ANDL $15, R13; \
	SHLL $4, AX; \
	ORL R13, AX; \
	SHRL $18, R12; \
	ADDL R12, (DI)(AX*4)

// func addEach(cells *uint32, there *uint8, rows *uint32, coding *uint32, n int, col *uint8, stride int)
TEXT ·addEach(SB), NOSPLIT, $0-56
	MOVQ cells+0(FP), DI
	MOVQ there+8(FP), R11
	MOVQ rows+16(FP), SI
	MOVQ coding+24(FP), DX
	MOVQ n+32(FP), CX
	MOVQ col+40(FP), R9
	MOVQ stride+48(FP), R10
	XORQ BX, BX

each:
	MOVL (SI)(BX*4), AX
	MOVL (DX)(BX*4), R12
	IMULQ R10, AX
	MOVBLZX (R9)(AX*1), AX
	ADD
	INCQ BX
	CMPQ BX, CX
	JNE each
	RET
