package tree

import (
	"math"
	"reflect"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// patchy makes rows whose features are mostly in one of their bins, and labels that
// follow from some of them.
func patchy(t *testing.T, rows, features, classes int, usual float64, missing bool) (*bins.Matrix, *target) {
	t.Helper()
	rng := splitmix.Source{State: uint64(rows*features + classes)}
	x := &learn.Matrix{Rows: rows}
	for range features {
		x.Columns = append(x.Columns, make([]float64, rows))
	}
	y := &learn.Target{Task: learn.Classification, Classes: make([]string, classes)}
	for i := range rows {
		sum := 0
		for j, col := range x.Columns {
			col[i] = float64(j % 3) // the least, the next, the one after
			if rng.Unit() > usual {
				col[i] = float64(rng.Below(300))
				if missing && j%5 == 0 && rng.Below(3) == 0 {
					col[i] = math.NaN()
				}
			}
			if j < 4 && col[i] == col[i] {
				sum += int(col[i]) * (j + 1)
			}
		}
		y.Labels = append(y.Labels, int32((sum/40+int(rng.Below(2)))%classes))
	}
	data, err := bins.Cut(t.Context(), x, 255, 1)
	if err != nil {
		t.Fatal(err)
	}
	return data, newTarget(y)
}

// Tallies grow the trees that counts grow, to the last bit, wherever bins are kept and
// whether most are the same or not.
func TestTalliesAreCounts(t *testing.T) {
	for _, c := range []struct {
		rows, features, classes int
		usual                   float64
		missing                 bool
		weight                  uint32
	}{
		{3000, 70, 10, 0.8, false, 3}, {3000, 70, 16, 0.8, true, 3}, {700, 20, 3, 0.1, true, 2}, {2000, 9, 5, 0.9, false, 60},
		{9, 80, 3, 0.7, false, 1}, {1500, 1100, 10, 0.85, false, 2}, {1200, 140, 4, 0.8, false, 5000}, {1200, 140, 4, 0.8, false, 40000},
	} {
		data, y := patchy(t, c.rows, c.features, c.classes, c.usual, c.missing)
		of := growth{Forest: NewForest(), data: data, target: y, tried: max(2, c.features/8)}
		of.sparse = newPresence(data, 2)
		if of.sparse == nil {
			of.byRow = data.ByRow(1)
		}
		if (of.sparse != nil) != (c.usual > 0.5) {
			t.Errorf("%+v: taken for sparse is %v", c, of.sparse != nil)
		}
		var trees [3]grown
		for k := range trees {
			g := newGrower(of)
			if _, ok := g.criterion.(*tallies); !ok {
				t.Fatalf("%+v: the criterion is %T", c, g.criterion)
			}
			if c, ok := g.criterion.(*tallies); ok && k == 2 {
				c.fast, c.faster = false, false
			}
			if k == 1 {
				g.criterion = newCounts(of, nil)
			}
			g.rng = splitmix.Stream(7, 1)
			for i := range g.weight {
				g.weight[i] = g.rng.Below(c.weight + 1)
			}
			trees[k] = g.grow(t.Context())
		}
		if len(trees[0].nodes) < 5 || !reflect.DeepEqual(trees[0], trees[1]) || !reflect.DeepEqual(trees[2], trees[1]) {
			t.Errorf("%+v: %d nodes are not the %d of counts", c, len(trees[0].nodes), len(trees[1].nodes))
		}
	}
}

// Bins are listed by vectors as they are one by one, and forgotten.
func TestMark(t *testing.T) {
	rng := splitmix.Source{State: 5}
	for range 50 {
		var fast [256]uint8
		for n := rng.Below(300); n > 0; n-- {
			fast[rng.Below(256)] = 1
		}
		plain := fast
		var got, want [4]uint64
		mark(&got, &fast)
		markPlain(&want, &plain)
		if got != want || fast != plain {
			t.Fatalf("the bins are %x, want %x", got, want)
		}
	}
}
