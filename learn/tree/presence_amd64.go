package tree

import "golang.org/x/sys/cpu"

// fastPresence says whether the processor has what findFast takes.
func fastPresence() bool { return cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VPOPCNTDQ }

// findFast is find by vectors of 16 features.
func findFast(f *found, g *group, rows, codes []uint32, s *slots) int {
	if len(rows) == 0 {
		return 0
	}
	return findPresent(f, &g.records[0], &g.place[0], g.words, &rows[0], &codes[0], len(rows), cap(rows), s)
}

// findPresent looks at n rows, and fetches what it needs of later ones, ahead in all.
//
//go:noescape
func findPresent(f *found, records *uint8, place *uint32, words int, rows, codes *uint32, n, ahead int, s *slots) int
