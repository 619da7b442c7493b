package csv

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What a walk over a chunk finds is what a byte at a time finds, in plain Go
// and in assembly.
func TestMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]string{"ab,\n", "a,\n\x00", "a,\né\xff", ",\n-+.", "\x80\x8a\xac,\n"}).Draw(t, "alphabet")
		buf := rapid.SliceOfN(rapid.SampledFrom([]byte(alphabet)), 0, 300).Draw(t, "buf")
		var want []uint32
		newlines, nul, high := 0, false, false
		for i, c := range buf {
			if c == ',' || c == '\n' {
				want = append(want, uint32(i))
			}
			if c == '\n' {
				newlines++
			}
			nul, high = nul || c == 0, high || c >= 0x80
		}
		var fast, plain look
		fast.at(buf, ',', '\n', best())
		plain.generic(buf, ',', '\n')
		for _, l := range []look{fast, plain} {
			if got := positions(nil, l.masks); !slices.Equal(got, want) {
				t.Fatalf("positions %v, want %v", got, want)
			}
			if l.newlines != newlines || l.nul != nul || l.high != high {
				t.Fatalf("newlines %d, NUL %v, high %v; want %d, %v, %v", l.newlines, l.nul, l.high, newlines, nul, high)
			}
		}
		for i := range buf {
			k, _ := slices.BinarySearch(want, uint32(i))
			if k < len(want) && fast.after(i) != int(want[k]) {
				t.Fatalf("after %d: %d, want %d", i, fast.after(i), want[k])
			}
		}
	})
}
