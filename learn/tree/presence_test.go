package tree

import (
	"math/bits"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Records say what columns say, of features alone and of many at once.
func TestPresence(t *testing.T) {
	for _, features := range []int{3, 64, 784, 1100, 2100} {
		data, _ := patchy(t, 300, features, 3, 0.8, true)
		p := newPresence(data, 2)
		rng := splitmix.Source{State: 3}
		for _, n := range []int{1, 63, 128} {
			rows, codes := make([]uint32, n), make([]uint32, n)
			for i := range rows {
				rows[i], codes[i] = rng.Below(300), rng.Below(100)
			}
			var s slots
			slot := map[int]int32{} // features by their slots
			group := int(rng.Below(uint32(len(p.groups))))
			for k := range int(rng.Below(slotted) + 1) {
				if f := int32(rng.Below(uint32(features))); int(f/grouped) == group {
					s.add(k, f)
					slot[k] = f
				}
			}
			var f found
			count := f.find(&p.groups[group], rows, codes, &s, false)
			at := 0
			for i, r := range rows {
				for k := range slotted {
					feature, is := slot[k]
					if b := data.Columns[feature][r]; is && b != p.usual[feature] {
						if at == count {
							t.Fatalf("%d of %d features: feature %d of row %d is not found", s.n, features, feature, r)
						}
						if got := p.groups[group].records[f.at[at]]; got != b || f.tag[at] != s.tag[k]+codes[i] {
							t.Fatalf("%d of %d features: bin %d of feature %d in row %d is %d, with tag %d", s.n, features, b, feature, r, got, f.tag[at])
						}
						at++
					}
				}
			}
			if at != count {
				t.Errorf("%d of %d features: found %d times, want %d", s.n, features, count, at)
			}
			for k, feature := range slot {
				col, want := make([]uint8, 300), uint32(0)
				p.column(rows, feature, col)
				for _, r := range rows {
					if col[r] != data.Columns[feature][r] {
						t.Fatalf("bin %d of feature %d in row %d is %d", data.Columns[feature][r], feature, r, col[r])
					}
					if col[r] != p.usual[feature] {
						want++
					}
				}
				if s.count[k] != want {
					t.Errorf("feature %d is in %d rows, want %d", feature, s.count[k], want)
				}
			}
		}
	}
}

// What vectors find is what is found feature by feature.
func TestFindFast(t *testing.T) {
	if !fastPresence() {
		testneed.Skip(t, "this processor has no kernels of its own: a machine with AVX-512")
	}
	for _, features := range []int{1, 31, 32, 33, 784, 1024} {
		data, _ := patchy(t, 200, features, 3, 0.8, false)
		p := newPresence(data, 3)
		if p == nil {
			t.Fatalf("%d features are not taken for sparse", features)
		}
		rng := splitmix.Source{State: uint64(features)}
		for range 30 {
			n := int(rng.Below(foundRows)) + 1
			rows, codes := make([]uint32, n), make([]uint32, n)
			for i := range rows {
				rows[i], codes[i] = rng.Below(200), rng.Below(1<<20)
			}
			var s slots
			for k := range int(rng.Below(slotted) + 1) {
				s.add(k, int32(rng.Below(uint32(features))))
			}
			for k := range s.n {
				if rng.Below(4) == 0 {
					s.bit[k] = 0
				}
			}
			fast := s
			var got, want found
			count := want.find(&p.groups[0], rows, codes, &s, false)
			if n := got.find(&p.groups[0], rows, codes, &fast, true); n != count || fast != s ||
				!slices.Equal(got.at[:n], want.at[:n]) || !slices.Equal(got.tag[:n], want.tag[:n]) {
				t.Fatalf("%d of %d features in %d rows: found %d times %v, want %d times %v", s.n, features, len(rows), n, fast.count, count, s.count)
			}
		}
	}
}

// A bit is set for what differs from the usual, and for nothing else.
func TestDiffering(t *testing.T) {
	rng := splitmix.Source{State: 2}
	for range 200 {
		row, usual := make([]uint8, rng.Below(33)), make([]uint8, 40)
		want := uint32(0)
		for j := range row {
			usual[j] = uint8(rng.Next())
			if row[j] = usual[j]; rng.Below(3) == 0 {
				row[j] ^= uint8(1 + rng.Below(255))
				want |= 1 << j
			}
		}
		if got := differing(row, usual); got != want {
			t.Fatalf("%d bins differ in %b, want %b (%d)", len(row), got, want, bits.OnesCount32(want))
		}
	}
}
