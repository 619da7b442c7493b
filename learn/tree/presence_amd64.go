package tree

import "golang.org/x/sys/cpu"

// findFast is find, where the processor has what it takes.
func (p *presence) findFast(rows []uint32, features []int32, into []uint64) bool {
	if !cpu.X86.HasAVX512VBMI || !cpu.X86.HasAVX512BW || len(rows) == 0 {
		return false
	}
	blocks := (len(rows) + 63) / 64
	for from := 0; from < p.words*64; from += chunk {
		for next := 0; next < len(features); {
			var at, bit, slot [64]uint8
			n := 0
			first := next
			for ; next < len(features) && n < 64 && next-first < 256; next++ {
				if f := int(features[next]) - from; f >= 0 && f < chunk {
					at[n], bit[n], slot[n] = uint8(f>>3), 1<<(f&7), uint8(next-first)
					n++
				}
			}
			if n == 0 {
				continue
			}
			for b := range blocks {
				some := rows[b*64 : min(b*64+64, len(rows))]
				present(&p.found, &p.masks, &some[0], len(some), &p.bits[from/64], p.words*8, &at, &bit, (n+7)/8)
				words := into[first*blocks+b:]
				for k, s := range slot[:n] {
					words[int(s)*blocks] = p.found[k]
				}
			}
		}
	}
	return true
}

// present looks 64 bits up of each of n rows, at most 64, of which bits has one every
// stride bytes: bit k is of byte at[k] and set where that has bit[k]. found has them
// bit by bit, for 8 bits a group. masks is room for them row by row.
//
//go:noescape
func present(found, masks *[64]uint64, rows *uint32, n int, bits *uint64, stride int, at, bit *[64]uint8, groups int)
