package boost

import (
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Rows are divided as one by one, and rounded so, whatever does it.
func TestDivideRows(t *testing.T) {
	rng := splitmix.Source{State: 1}
	const all, stride = 3000, 5
	bins, words := make([]uint8, all*stride+3), make([]word, all)
	for i := range bins {
		bins[i] = uint8(rng.Next())
	}
	for i := range words {
		words[i] = pack(int64(int32(rng.Next())), int64(uint32(rng.Next())))
	}
	left := binSet{rng.Next(), rng.Next(), rng.Next(), rng.Next()}
	for _, n := range []int{0, 1, 15, 16, 17, 100, 512, all} {
		var rows, goLeft, goRight []uint32
		for r := range uint32(all) {
			if len(rows) < n && rng.Below(2) == 0 || all-int(r) <= n-len(rows) {
				rows = append(rows, r)
				if left.has(bins[int(r)*stride+2]) == 1 {
					goLeft = append(goLeft, r)
				} else {
					goRight = append(goRight, r)
				}
			}
		}
		unit := coarse{uint(rng.Below(20)), uint(rng.Below(20))}
		adds := make([]word, n)
		for i := roundFast(adds, rows, words, unit); i < n; i++ {
			adds[i] = unit.of(words[rows[i]])
		}
		for i, r := range rows {
			if adds[i] != unit.of(words[r]) {
				t.Fatalf("%d rows: word %x is rounded to %x, want %x", n, words[r], adds[i], unit.of(words[r]))
			}
		}
		front, spare := append([]uint32{1, 2, 3}, rows...), make([]uint32, n+16)
		l := divideRows(front, front[3:], spare, bins[2:], stride, &left)
		if !slices.Equal(front[:l], goLeft) || !slices.Equal(spare[:n-l], goRight) {
			t.Fatalf("%d rows: %d go left, want %d", n, l, len(goLeft))
		}
	}
}

// Who goes left is told the same from the bins as from the set of them.
func TestGoingLeft(t *testing.T) {
	for cut := range 255 {
		for _, s := range []split{{cut: uint8(cut)}, {cut: uint8(cut), missingLeft: true}, {categorical: true, set: binSet{5, 1 << cut % 64, 7, 9}}} {
			left := s.goingLeft()
			for b := range 256 {
				if s.goesLeft(uint8(b)) != (left.has(uint8(b)) == 1) {
					t.Fatalf("%+v: bin %d", s, b)
				}
			}
		}
	}
}

// Rows of all kinds at once are predicted as each alone, by masks and on foot.
func TestPredictManyAsOne(t *testing.T) {
	x, y := problem(500, 9)
	for _, leaves := range []int{2, 31, 32, 33, 64, 65, 128, 150} {
		b := New()
		b.Estimators, b.MaxLeaves, b.MinLeaf, b.Categorical = 7, leaves, 1, []string{"kind"}
		m := fit(t, b, x, y, nil)
		if hasMasks() && (m.walker.masks != nil) != (leaves <= 128) {
			t.Errorf("masks of %d leaves: %v", leaves, m.walker.masks != nil)
		}
		e, p, row := m.Ensemble(), m.Predict(x), make([]float64, 3)
		for i := range x.Rows {
			for j := range row {
				row[j] = x.Columns[j][i]
			}
			if want := e.Predict(e.Margins(row))[0]; p[i] != want {
				t.Fatalf("%d leaves: row %d is predicted as %v, want %v", leaves, i, p[i], want)
			}
		}
	}
}
