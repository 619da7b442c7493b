package compile

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn/ensemble"
)

// A machine runs a program.
type machine struct {
	module  api.Module
	predict api.Function
	program *Program
}

func start(t testing.TB, p *Program) *machine {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { r.Close(ctx) })
	m, err := r.Instantiate(ctx, p.Wasm)
	if err != nil {
		t.Fatalf("instantiating: %v", err)
	}
	return &machine{m, m.ExportedFunction("predict"), p}
}

func (m *machine) constant(name string) uint32 {
	return uint32(m.module.ExportedGlobal(name).Get())
}

// run predicts rows, a batch at a time.
func (m *machine) run(t testing.TB, rows [][]float64) [][]float64 {
	t.Helper()
	var out [][]float64
	for len(rows) > 0 {
		n := min(len(rows), m.program.Batch)
		at := m.constant("input")
		for _, row := range rows[:n] {
			for _, v := range row {
				m.module.Memory().WriteFloat64Le(at, v)
				at += 8
			}
		}
		if _, err := m.predict.Call(context.Background(), uint64(n)); err != nil {
			t.Fatalf("predict(%d): %v", n, err)
		}
		b, _ := m.module.Memory().Read(m.constant("output"), uint32(8*n*m.program.Outputs))
		for range n {
			row := make([]float64, m.program.Outputs)
			for k := range row {
				row[k] = math.Float64frombits(binary.LittleEndian.Uint64(b))
				b = b[8:]
			}
			out = append(out, row)
		}
		rows = rows[n:]
	}
	return out
}

var special = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 2.5, 63, 64, 127, 1e300, -1e300, 5e-324, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}

// draw makes an ensemble of any shape.
func draw(t *rapid.T) *ensemble.Ensemble {
	e := &ensemble.Ensemble{Link: rapid.SampledFrom([]ensemble.Link{ensemble.Identity, ensemble.Logistic, ensemble.Softmax, ensemble.Log}).Draw(t, "link")}
	margins := 1
	switch e.Link {
	case ensemble.Softmax:
		margins = rapid.IntRange(2, 11).Draw(t, "margins")
	case ensemble.Identity, ensemble.Log:
		margins = rapid.IntRange(1, 10).Draw(t, "margins")
	}
	for j := range rapid.IntRange(1, 5).Draw(t, "features") {
		e.Features = append(e.Features, fmt.Sprint("f", j))
	}
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	value := func() float64 { return (rng.Float64() - 0.5) * math.Pow(10, float64(rng.IntN(5)-2)) }
	for range margins {
		e.Base = append(e.Base, value())
	}
	outputs := rapid.IntRange(0, 2).Draw(t, "outputs") // of a tree: all, one, either
	for range rapid.IntRange(0, 11).Draw(t, "trees") {
		tree := ensemble.Tree{Output: -1}
		if outputs == 1 || outputs == 2 && rng.IntN(2) == 0 {
			tree.Output = rng.IntN(margins)
		}
		splits := rng.IntN(20)
		for n := 0; n < 2*splits+1; n++ {
			f, left, threshold := int32(-1), int32(0), 0.0
			if n < splits && 2*n+2 < 2*splits+1 {
				f, left = int32(rng.IntN(len(e.Features))), int32(2*n+1)
				if threshold = special[rng.IntN(len(special)-1)]; rng.IntN(2) == 0 {
					threshold = value()
				}
			}
			tree.Feature = append(tree.Feature, f)
			tree.Threshold = append(tree.Threshold, threshold)
			tree.Left, tree.Right = append(tree.Left, left), append(tree.Right, left+1)
			tree.MissingLeft = append(tree.MissingLeft, rng.IntN(2) == 0)
			tree.Cover = append(tree.Cover, 1)
			width := 1
			if tree.Output < 0 {
				width = margins
			}
			for range width {
				tree.Value = append(tree.Value, value())
			}
			var bits []uint64
			if f >= 0 && rng.IntN(3) == 0 {
				for range rng.IntN(3) {
					bits = append(bits, rng.Uint64())
				}
			}
			tree.Categories = append(tree.Categories, bits)
		}
		e.Trees = append(e.Trees, tree)
	}
	return e
}

// Every bit of a prediction is that of the ensemble.
func TestSameBits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := draw(rt)
		p, err := Ensemble(e, &Options{Batch: rapid.IntRange(1, 7).Draw(rt, "batch")})
		if err != nil {
			rt.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(2, 2))
		rows := make([][]float64, 40)
		for i := range rows {
			rows[i] = make([]float64, len(e.Features))
			for j := range rows[i] {
				if rows[i][j] = special[rng.IntN(len(special))]; rng.IntN(2) == 0 {
					rows[i][j] = float64(rng.IntN(130)) + 0.25*float64(rng.IntN(4))
				}
			}
		}
		got := start(t, p).run(t, rows)
		for i, row := range rows {
			want := e.Predict(e.Margins(row))
			for k := range want {
				if math.Float64bits(got[i][k]) != math.Float64bits(want[k]) && !(want[k] != want[k] && got[i][k] != got[i][k]) {
					rt.Fatalf("row %v, output %d: %v, want %v", row, k, got[i][k], want[k])
				}
			}
		}
	})
}

// TestExp goes over the whole range of e^x, and its ends.
func TestExp(t *testing.T) {
	var values []float64
	for x := -760.0; x < 720; x += 0.37 {
		values = append(values, x)
	}
	values = append(append(values, special...), 709.78, 709.79, -745.13, -745.14, -708.4, 1e-20)
	// A tree that has the i-th value for the feature i.
	tree := ensemble.Tree{}
	for i, v := range values {
		for _, leaf := range []bool{false, true} {
			f := int32(0)
			if leaf {
				f = -1
			}
			tree.Feature, tree.Threshold = append(tree.Feature, f), append(tree.Threshold, float64(i))
			tree.Left, tree.Right = append(tree.Left, int32(2*i+1)), append(tree.Right, int32(2*i+2))
			tree.MissingLeft, tree.Cover, tree.Value = append(tree.MissingLeft, true), append(tree.Cover, 1), append(tree.Value, v)
		}
	}
	tree.Feature[len(tree.Feature)-2] = -1 // the last
	e := &ensemble.Ensemble{Features: []string{"x"}, Base: []float64{0}, Link: ensemble.Log, Trees: []ensemble.Tree{tree}}
	rows := make([][]float64, len(values))
	for i := range rows {
		rows[i] = []float64{float64(i)}
	}
	p, err := Ensemble(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range start(t, p).run(t, rows) {
		want := e.Predict(e.Margins(rows[i]))[0]
		if math.Float64bits(got[0]) != math.Float64bits(want) && got[0] == got[0] {
			t.Errorf("e^%v is %v, want %v", values[i], got[0], want)
		}
	}
}

func TestRefused(t *testing.T) {
	chain := ensemble.Tree{} // both children of a node are the next: 2^59 ways to the last
	for n := range 60 {
		f := int32(0)
		if n == 59 {
			f = -1
		}
		chain.Feature, chain.Threshold, chain.MissingLeft = append(chain.Feature, f), append(chain.Threshold, 0), append(chain.MissingLeft, false)
		chain.Left, chain.Right = append(chain.Left, int32(n+1)), append(chain.Right, int32(n+1))
		chain.Cover, chain.Value = append(chain.Cover, 1), append(chain.Value, 1)
	}
	for _, c := range []struct {
		trees []ensemble.Tree
		opts  *Options
		want  string
	}{
		{nil, &Options{Batch: -1}, "both are positive"},
		{nil, &Options{Memory: 1 << 31}, "less than 2 GiB"},
		{nil, &Options{Batch: 1 << 20, Memory: 1 << 20}, "smaller batch"},
		{[]ensemble.Tree{chain}, nil, "another leads, too"},
		{[]ensemble.Tree{{}}, nil, "no nodes"},
	} {
		e := &ensemble.Ensemble{Features: []string{"x"}, Base: []float64{0}, Link: ensemble.Identity, Trees: c.trees}
		if _, err := Ensemble(e, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error with %q", err, c.want)
		}
	}
	p, err := Ensemble(&ensemble.Ensemble{Features: []string{"x"}, Base: []float64{0}, Link: ensemble.Identity}, &Options{Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	m := start(t, p)
	if _, err := m.predict.Call(t.Context(), 3); err == nil {
		t.Error("three rows are predicted in a batch of two")
	}
	if _, err := m.predict.Call(t.Context(), 0); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// BenchmarkPredict is 100 trees of depth 6, a row; beside it the plain walk.
func BenchmarkPredict(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 3))
	e := &ensemble.Ensemble{Base: []float64{0}, Link: ensemble.Logistic}
	for j := range 30 {
		e.Features = append(e.Features, fmt.Sprint("f", j))
	}
	for range 100 {
		var t ensemble.Tree
		for n := range 127 {
			f := int32(-1)
			if n < 63 {
				f = int32(rng.IntN(30))
			}
			t.Feature, t.Threshold = append(t.Feature, f), append(t.Threshold, rng.NormFloat64())
			t.Left, t.Right = append(t.Left, int32(2*n+1)), append(t.Right, int32(2*n+2))
			t.MissingLeft, t.Cover, t.Value = append(t.MissingLeft, false), append(t.Cover, 1), append(t.Value, rng.NormFloat64())
		}
		e.Trees = append(e.Trees, t)
	}
	rows := make([][]float64, 64)
	for i := range rows {
		for range 30 {
			rows[i] = append(rows[i], rng.NormFloat64())
		}
	}
	p, err := Ensemble(e, nil)
	if err != nil {
		b.Fatal(err)
	}
	m := start(b, p)
	m.run(b, rows)
	b.Run("wasm", func(b *testing.B) {
		stack := make([]uint64, 1)
		for b.Loop() {
			stack[0] = 64
			if err := m.predict.CallWithStack(context.Background(), stack); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/row")
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			for _, row := range rows {
				e.Predict(e.Margins(row))
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/row")
	})
}
