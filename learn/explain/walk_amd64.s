#include "textflag.h"

// A frame is 512 bytes: what the rows do at the split (8 numbers), what they did
// on the edge to it (8), the rows that passed that edge, that go left, that go
// right (a byte each, at 128, 136, 144), and the products down to it (from 192).
// The frame of the split above lies before it. Fields of steps are at their offsets.

#define SUM(a, b, c, d) \
	VADDPD b, a, a \
	VADDPD d, c, c \
	VADDPD c, a, a

// LOOK takes of a table what is for the states in s (points 0, 2) and t (1, 3).
#define LOOK(table, next, s, t, a, b, c, d) \
	VPERMPD table, s, a \
	VPERMPD table, t, b \
	VPERMPD next, s, c  \
	VPERMPD next, t, d

#define TIMES(a, b, c, d, e, f, g, h) \
	VMULPD a, e, e \
	VMULPD b, f, f \
	VMULPD c, g, g \
	VMULPD d, h, h

// func walk512(steps *step, n int, x, out *float64, features int, frames, up *float64, width int, tables *table, left *uint8)
TEXT ·walk512(SB), NOSPLIT, $0-80
	MOVQ steps+0(FP), SI
	MOVQ n+8(FP), CX
	SHLQ $6, CX
	ADDQ SI, CX
	MOVQ x+16(FP), DI
	MOVQ out+24(FP), R8
	MOVQ features+32(FP), R9
	SHLQ $6, R9
	MOVQ frames+40(FP), R10
	MOVQ up+48(FP), R11
	MOVQ width+56(FP), R12
	SHLQ $8, R12
	MOVQ tables+64(FP), R13
	MOVQ $1, AX
	VPBROADCASTQ AX, Z31
	MOVQ $2, AX
	VPBROADCASTQ AX, Z30
	MOVQ $4, AX
	VPBROADCASTQ AX, Z29
	VPXORQ Z28, Z28, Z28

walk:
	MOVQ 32(SI), DX
	SHLQ $9, DX
	ADDQ R10, DX
	MOVQ 24(SI), BX
	SHLQ $7, BX
	ADDQ R13, BX
	CMPB 50(SI), $0
	JEQ  leave

	// Enter: what the rows did on the edge.
	MOVBQZX   49(SI), AX             // 4: the right child
	KMOVB     -376(DX)(AX*2), K1
	NEGQ      AX
	KMOVB     -368(DX)(AX*2), K2
	VMOVDQA64 Z30, Z20
	VMOVDQA64 Z31, K1, Z20
	VMOVDQA64 Z28, K2, Z20
	VPORQ     Z29, Z20, Z21
	KMOVB     K1, 128(DX)

	// Which are on the left.
	CMPB         53(SI), $0
	JNE          category
	MOVQ         8(SI), AX
	SHLQ         $6, AX
	VMOVUPD      (DI)(AX*1), Z0
	VBROADCASTSD (SI), Z1
	VCMPPD       $18, Z1, Z0, K3
	VCMPPD       $3, Z0, Z0, K4
	KMOVB        48(SI), K5
	KANDB        K4, K5, K4
	KORB         K3, K4, K3
	JMP          sides

category:
	MOVQ    left+72(FP), AX
	MOVLQSX 56(SI), R15
	KMOVB   (AX)(R15*1), K3

sides:
	MOVQ      40(SI), AX
	SHLQ      $9, AX
	KMOVB     128(R10)(AX*1), K5
	KANDB     K3, K5, K6
	KANDNB    K5, K3, K7
	VMOVDQA64 Z30, Z22
	VMOVDQA64 Z28, K6, Z22
	VMOVDQA64 Z31, K7, Z22

	LOOK((BX), 64(BX), Z20, Z21, Z16, Z17, Z18, Z19)
	VMULPD -320(DX), Z16, Z16
	VMULPD -256(DX), Z17, Z17
	VMULPD -192(DX), Z18, Z18
	VMULPD -128(DX), Z19, Z19
	CMPB   51(SI), $0
	JNE    up

	KMOVB   K6, 136(DX)
	KMOVB   K7, 144(DX)
	VMOVUPD Z22, (DX)
	VMOVUPD Z20, 64(DX)
	VMOVUPD Z16, 192(DX)
	VMOVUPD Z17, 256(DX)
	VMOVUPD Z18, 320(DX)
	VMOVUPD Z19, 384(DX)
	MOVQ    32(SI), R15
	IMULQ   R12, R15
	ADDQ    R11, R15
	MOVQ    R12, R14

zero:
	VMOVUPD Z28, (R15)
	VMOVUPD Z28, 64(R15)
	VMOVUPD Z28, 128(R15)
	VMOVUPD Z28, 192(R15)
	ADDQ    $256, R15
	SUBQ    $256, R14
	JNE     zero
	JMP     next

leave:
	VMOVUPD (DX), Z22
	VMOVUPD 64(DX), Z20
	VPORQ   Z29, Z20, Z21
	VMOVUPD 192(DX), Z16
	VMOVUPD 256(DX), Z17
	VMOVUPD 320(DX), Z18
	VMOVUPD 384(DX), Z19

up:
	VPORQ Z29, Z22, Z23
	LOOK(128(BX), 192(BX), Z20, Z21, Z24, Z25, Z26, Z27)
	ADDQ  $256, BX
	MOVQ  8(SI), AX
	SHLQ  $6, AX
	ADDQ  R8, AX
	MOVQ  16(SI), DX
	SHLQ  $6, DX
	ADDQ  R8, DX
	MOVQ  32(SI), R15
	DECQ  R15
	IMULQ R12, R15
	ADDQ  R11, R15
	MOVQ  R12, R14

output:
	CMPB 52(SI), $2
	JEQ  leaves
	VMOVUPD (R15)(R12*1), Z0
	VMOVUPD 64(R15)(R12*1), Z1
	VMOVUPD 128(R15)(R12*1), Z2
	VMOVUPD 192(R15)(R12*1), Z3
	CMPB 52(SI), $0
	JEQ  edge
	LOOK((BX), 64(BX), Z22, Z23, Z4, Z5, Z6, Z7)
	TIMES(Z16, Z17, Z18, Z19, Z4, Z5, Z6, Z7)
	VADDPD Z4, Z0, Z0
	VADDPD Z5, Z1, Z1
	VADDPD Z6, Z2, Z2
	VADDPD Z7, Z3, Z3
	JMP  own

leaves:
	LOOK((BX), 64(BX), Z22, Z23, Z0, Z1, Z2, Z3)
	TIMES(Z16, Z17, Z18, Z19, Z0, Z1, Z2, Z3)

own:
	LOOK(128(BX), 192(BX), Z22, Z23, Z4, Z5, Z6, Z7)
	TIMES(Z16, Z17, Z18, Z19, Z4, Z5, Z6, Z7)
	SUM(Z4, Z5, Z6, Z7)
	VADDPD  (AX), Z4, Z4
	VMOVUPD Z4, (AX)
	ADDQ    $256, BX

edge:
	CMPQ    32(SI), $1
	JEQ     done
	VADDPD  (R15), Z0, Z8
	VADDPD  64(R15), Z1, Z9
	VADDPD  128(R15), Z2, Z10
	VADDPD  192(R15), Z3, Z11
	VMOVUPD Z8, (R15)
	VMOVUPD Z9, 64(R15)
	VMOVUPD Z10, 128(R15)
	VMOVUPD Z11, 192(R15)
	TIMES(Z24, Z25, Z26, Z27, Z0, Z1, Z2, Z3)
	SUM(Z0, Z1, Z2, Z3)
	VADDPD  (DX), Z0, Z0
	VMOVUPD Z0, (DX)

done:
	ADDQ R9, AX
	ADDQ R9, DX
	ADDQ $256, R15
	SUBQ $256, R14
	JNE  output

next:
	ADDQ $64, SI
	CMPQ SI, CX
	JNE  walk
	VZEROUPPER
	RET
