#include "textflag.h"

// Standardises eight rows of the column at that place, and rounds them to float32.
// What is no number stays so. Those of the column that comes next are fetched.
#define COLUMN(at, Y) \
	MOVQ         64+at(BX), R8    \
	PREFETCHT0   (R8)(DX*1)       \
	MOVQ         at(BX), R8       \
	VMOVUPD      (R8)(DX*1), Y8   \
	VMOVUPD      32(R8)(DX*1), Y9 \
	VBROADCASTSD at(SI), Y10      \
	VBROADCASTSD at(R9), Y11      \
	VSUBPD       Y10, Y8, Y8      \
	VSUBPD       Y10, Y9, Y9      \
	VDIVPD       Y11, Y8, Y8      \
	VDIVPD       Y11, Y9, Y9      \
	VMINPD       Y8, Y14, Y8      \
	VMINPD       Y9, Y14, Y9      \
	VMAXPD       Y8, Y15, Y8      \
	VMAXPD       Y9, Y15, Y9      \
	VCVTPD2PSY   Y8, X8           \
	VCVTPD2PSY   Y9, X9           \
	VINSERTF128  $1, X9, Y8, Y

// Writes two rows of eight, of which A has the first halves and B the last.
#define ROWS(A, B, to, four) \
	VPERM2F128 $0x20, B, A, Y8 \
	VPERM2F128 $0x31, B, A, Y9 \
	VMOVUPS    Y8, to          \
	VMOVUPS    Y9, four

// func read256(to *float32, step int, columns *[16]*float64, mean, scale *float64, rows int, most, least float64)
//
// Eight rows of eight columns at a time, turned by 90 degrees. The other eight columns
// are those that come next.
TEXT ·read256(SB), NOSPLIT, $0-64
	MOVQ to+0(FP), DI
	MOVQ step+8(FP), R10
	MOVQ columns+16(FP), BX
	MOVQ mean+24(FP), SI
	MOVQ scale+32(FP), R9
	MOVQ rows+40(FP), CX
	LEAQ (R10)(R10*2), R11
	XORQ DX, DX

loop:
	VBROADCASTSD most+48(FP), Y14
	VBROADCASTSD least+56(FP), Y15
	COLUMN(0, Y0)
	COLUMN(8, Y1)
	COLUMN(16, Y2)
	COLUMN(24, Y3)
	COLUMN(32, Y4)
	COLUMN(40, Y5)
	COLUMN(48, Y6)
	COLUMN(56, Y7)
	VUNPCKLPS Y1, Y0, Y8
	VUNPCKHPS Y1, Y0, Y9
	VUNPCKLPS Y3, Y2, Y10
	VUNPCKHPS Y3, Y2, Y11
	VUNPCKLPS Y5, Y4, Y12
	VUNPCKHPS Y5, Y4, Y13
	VUNPCKLPS Y7, Y6, Y14
	VUNPCKHPS Y7, Y6, Y15
	VUNPCKLPD Y10, Y8, Y0
	VUNPCKHPD Y10, Y8, Y1
	VUNPCKLPD Y11, Y9, Y2
	VUNPCKHPD Y11, Y9, Y3
	VUNPCKLPD Y14, Y12, Y4
	VUNPCKHPD Y14, Y12, Y5
	VUNPCKLPD Y15, Y13, Y6
	VUNPCKHPD Y15, Y13, Y7
	LEAQ (DI)(R10*4), R12
	ROWS(Y0, Y4, (DI), (R12))
	ROWS(Y1, Y5, (DI)(R10*1), (R12)(R10*1))
	ROWS(Y2, Y6, (DI)(R10*2), (R12)(R10*2))
	ROWS(Y3, Y7, (DI)(R11*1), (R12)(R11*1))
	LEAQ (DI)(R10*8), DI
	ADDQ $64, DX
	SUBQ $8, CX
	JNE  loop
	VZEROUPPER
	RET

// func rectify256(z, out *float32, n int)
TEXT ·rectify256(SB), NOSPLIT, $0-24
	MOVQ z+0(FP), SI
	MOVQ out+8(FP), DI
	MOVQ n+16(FP), CX
	MOVL $0x3f800000, AX // 1
	MOVQ AX, X15
	VBROADCASTSS X15, Y15
	VPXOR Y14, Y14, Y14

loop:
	VMOVUPS  (SI), Y0
	VPCMPGTD Y14, Y0, Y1
	VPAND    Y0, Y1, Y2
	VPAND    Y15, Y1, Y3
	VMOVUPS  Y2, (DI)
	VMOVUPS  Y3, (SI)
	ADDQ     $32, SI
	ADDQ     $32, DI
	SUBQ     $8, CX
	JNE      loop
	VZEROUPPER
	RET
