#include "textflag.h"

// Where the parts of slots and found are.
#define WORD 0
#define BIT 128
#define BELOW 256
#define TAG 384
#define COUNT 512
#define SLOTS 640
#define TAGS 16448

// What a row has of 16 features: its words are Z0 and Z1, the counts before them Z2,
// the place of its first bin Z3 and its code Z4.
#define FIND(word, bit, below, tag, count) \
	VMOVDQA32 word, Z5; \
	VPERMI2D Z1, Z0, Z5; \
	VPERMW.Z Z2, word, K6, Z6; \
	VPTESTMD bit, Z5, K1; \
	VPANDD below, Z5, Z5; \
	VPOPCNTD Z5, Z5; \
	VPADDD Z3, Z6, Z6; \
	VPADDD Z6, Z5, Z5; \
	VPADDD Z4, tag, Z7; \
	VPADDD Z28, count, K1, count; \
	VPCOMPRESSD Z5, K1, Z5; \
	VPCOMPRESSD Z7, K1, Z7; \
	VMOVDQU32 Z5, (DI)(AX*4); \
	VMOVDQU32 Z7, TAGS(DI)(AX*4); \
	KMOVW K1, R12; \
	POPCNTL R12, R12; \
	ADDQ R12, AX

// func findPresent(f *found, records *uint8, place *uint32, words int, rows, codes *uint32, n, ahead int, s *slots) int
TEXT ·findPresent(SB), NOSPLIT, $0-80
	MOVQ f+0(FP), DI
	MOVQ records+8(FP), R9
	MOVQ place+16(FP), R8
	MOVQ words+24(FP), R10
	MOVQ rows+32(FP), SI
	MOVQ codes+40(FP), DX
	MOVQ n+48(FP), CX
	MOVQ s+64(FP), R11
	VMOVDQU32 WORD(R11), Z16
	VMOVDQU32 WORD+64(R11), Z17
	VMOVDQU32 BIT(R11), Z20
	VMOVDQU32 BIT+64(R11), Z21
	VMOVDQU32 BELOW(R11), Z22
	VMOVDQU32 BELOW+64(R11), Z23
	VMOVDQU32 TAG(R11), Z24
	VMOVDQU32 TAG+64(R11), Z25
	VMOVDQU32 COUNT(R11), Z26
	VMOVDQU32 COUNT+64(R11), Z27
	VPTERNLOGD $0xff, Z28, Z28, Z28
	VPSRLD $31, Z28, Z28
	MOVQ SLOTS(R11), R15
	MOVL $0x55555555, AX
	KMOVD AX, K6
	SHLQ $1, R10
	LEAQ (R10)(R10*2), R13 // the size of what is before the bins
	SHLQ $1, R10           // and of the words
	XORQ AX, AX
	XORQ BX, BX

row:
	// The record of a later row is fetched.
	LEAQ 12(BX), R12
	CMPQ R12, ahead+56(FP)
	CMOVQGE BX, R12
	MOVL (SI)(R12*4), R14
	MOVL (R8)(R14*4), R14
	ADDQ R9, R14
	PREFETCHT0 (R14)
	PREFETCHT0 64(R14)
	PREFETCHT0 128(R14)
	PREFETCHT0 192(R14)
	PREFETCHT0 256(R14)

	MOVL (SI)(BX*4), R14
	MOVL (R8)(R14*4), R14
	LEAQ (R9)(R14*1), R12
	ADDL R13, R14
	VMOVDQU32 (R12), Z0
	VMOVDQU32 64(R12), Z1
	VMOVDQU32 (R12)(R10*1), Z2
	VPBROADCASTD R14, Z3
	VPBROADCASTD (DX)(BX*4), Z4
	FIND(Z16, Z20, Z22, Z24, Z26)
	CMPQ R15, $16
	JLE next
	FIND(Z17, Z21, Z23, Z25, Z27)

next:
	INCQ BX
	CMPQ BX, CX
	JNE row

	VMOVDQU32 Z26, COUNT(R11)
	VMOVDQU32 Z27, COUNT+64(R11)
	VZEROUPPER
	MOVQ AX, ret+72(FP)
	RET
