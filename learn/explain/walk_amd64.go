package explain

import (
	"math"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasFast says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func hasFast() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ }

// frameSize is the length of a frame of eight rows, and where its parts are.
const (
	frameSize   = 512 / 8
	framePassed = 128 / 8
	frameLeft   = 136 / 8
	frameDown   = 192 / 8
)

// A fastWalk takes eight rows at a time.
type fastWalk struct {
	frames, up []float64
	left       []uint8 // the rows that go left at each split on categories
}

func (w *fastWalk) explain(p *paths, features int, x, out []float64) {
	if n := (p.levels + 1) * frameSize; n > len(w.frames) {
		w.frames = make([]float64, n)
		w.frames[framePassed] = math.Float64frombits(0xff) // to the root all come, from the left
		w.frames[frameLeft] = math.Float64frombits(0xff)
	}
	if n := (p.levels + 1) * p.width * four * group; n > len(w.up) {
		w.up = make([]float64, n)
	}
	w.left = w.left[:0]
	if p.categories != nil {
		for i := range p.steps {
			switch s := &p.steps[i]; {
			case s.enter && s.category:
				w.left = append(w.left, leftAt(p.categories[s.split], s.missing, x[s.feature*group:]))
			case s.enter:
				w.left = append(w.left, 0)
			}
		}
	}
	for q, v := range p.weights {
		down := w.frames[frameDown+q*group:][:group]
		for r := range down {
			down[r] = v
		}
	}
	walk512(&p.steps[0], len(p.steps), &x[0], &out[0], features, &w.frames[0], &w.up[0], p.width, &p.tables[0], unsafe.SliceData(w.left))
}

//go:noescape
func walk512(steps *step, n int, x, out *float64, features int, frames, up *float64, width int, tables *table, left *uint8)
