package sgemm

import "golang.org/x/sys/cpu"

// best is the fastest kernel that the processor has.
func best() kernel {
	switch {
	case cpu.X86.HasAVX512F:
		return avx512()
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx2()
	}
	return plain()
}

// kernels are all that it has, by name.
func kernels() map[string]kernel {
	all := map[string]kernel{}
	if cpu.X86.HasAVX512F {
		all["AVX-512"] = avx512()
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		all["AVX2"] = avx2()
	}
	return all
}

func avx512() kernel {
	return kernel{
		tile: func(c Rows, a Left, b Rows, k int) {
			tile512(&c.Data[0], 4*c.Step, &a.Data[0], 4*a.Row, 4*a.Column, &b.Data[0], 4*b.Step, k)
		},
		row: func(c Rows, a Left, b Rows, k int) {
			row512(&c.Data[0], &a.Data[0], 4*a.Column, &b.Data[0], 4*b.Step, k)
		},
	}
}

func avx2() kernel {
	return kernel{
		tile: func(c Rows, a Left, b Rows, k int) {
			for i := 0; i < tile; i += 4 {
				for j := 0; j < Width; j += 16 {
					tile256(&c.Data[i*c.Step+j], 4*c.Step, &a.Data[i*a.Row], 4*a.Row, 4*a.Column, &b.Data[j], 4*b.Step, k)
				}
			}
		},
		row: func(c Rows, a Left, b Rows, k int) {
			row256(&c.Data[0], &a.Data[0], 4*a.Column, &b.Data[0], 4*b.Step, k)
		},
	}
}

// Steps are in bytes. k is at least 1.

//go:noescape
func tile512(c *float32, cRow int, a *float32, aRow, aColumn int, b *float32, bRow, k int)

//go:noescape
func row512(c, a *float32, aColumn int, b *float32, bRow, k int)

//go:noescape
func tile256(c *float32, cRow int, a *float32, aRow, aColumn int, b *float32, bRow, k int)

//go:noescape
func row256(c, a *float32, aColumn int, b *float32, bRow, k int)
