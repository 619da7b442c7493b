package compile

import (
	"math"

	. "github.com/runnel-dev/runnel/edge/wasm" //nolint:staticcheck // instructions by their names

	"github.com/runnel-dev/runnel/learn/ensemble"
)

// emit writes the module's functions.
func emit(m *Module, l *layout, batch, outputs int) {
	f := &predictor{Func: m.Func("predict", []Type{I32}, nil), layout: l}
	f.row, f.at, f.end, f.x, f.missing = f.Local(I32), f.Local(I32), f.Local(I32), f.Local(F64), f.Local(I32)
	f.out, f.step, f.index = f.Local(I32), f.Local(I32), f.Local(I32)
	for k := range f.nodes {
		f.nodes[k] = f.Local(I32)
	}
	f.margin, f.sum, f.total = f.Local(F64), f.Local(F64), f.Local(I32)
	if l.e.Link != ensemble.Identity {
		f.exp = exponential(m)
	}
	const rows Local = 0

	f.Get(rows)
	f.Int(uint32(batch))
	f.Do(I32GtU)
	f.If(func() { f.Do(Unreachable) })
	f.Int(l.input)
	f.Set(f.row)
	f.Int(l.output)
	f.Set(f.out)
	f.Int(l.margins)
	f.Set(f.total)
	f.Block(func() {
		f.Get(rows)
		f.Do(I32Eqz)
		f.LeaveIf(0)
		f.Loop(func() {
			f.spread()
			f.findSets()
			f.start()
			f.walkAll()
			f.link(outputs)
			f.advance(f.row, 8*len(l.e.Features))
			f.advance(f.out, 8*outputs)
			f.Get(rows)
			f.Int(1)
			f.Do(I32Sub)
			f.Tee(rows)
			f.AgainIf(0)
		})
	})
}

// A predictor writes the function predict.
type predictor struct {
	*Func
	*layout
	exp *Func

	row, out    Local // where the row is read, and its prediction is written
	at, end     Local // of what is gone through
	x           Local
	missing     Local
	nodes       [together]Local
	step, index Local
	margin, sum Local // of a single margin, and of exponentials
	total       Local // points at the margins
}

// advance moves a pointer on.
func (f *predictor) advance(p Local, bytes int) {
	f.Get(p)
	f.Int(uint32(bytes))
	f.Do(I32Add)
	f.Set(p)
}

// through runs content with at on each of n things of so many bytes.
func (f *predictor) through(address uint32, n, bytes int, content func()) {
	if n == 0 {
		return
	}
	f.Int(address)
	f.Set(f.at)
	f.Loop(func() {
		content()
		f.advance(f.at, bytes)
		f.Get(f.at)
		f.Int(address + uint32(n*bytes))
		f.Do(I32LtU)
		f.AgainIf(0)
	})
}

// spread writes each feature of the row in its three forms.
func (f *predictor) spread() {
	f.Get(f.row)
	f.Set(f.end)
	f.through(f.scratch, len(f.e.Features), 8*columns, func() {
		f.Get(f.end)
		f.LoadFloat(0)
		f.Tee(f.x)
		f.Get(f.x)
		f.Do(F64Ne)
		f.Set(f.missing)
		for k, stand := range []float64{math.Inf(-1), math.Inf(1)} {
			f.Get(f.at)
			f.Float(stand)
			f.Get(f.x)
			f.Get(f.missing)
			f.Do(Select)
			f.StoreFloat(uint32(8 * k))
		}
		f.Get(f.at)
		f.Get(f.missing)
		f.Do(F64FromI32)
		f.StoreFloat(16)
		f.advance(f.end, 8)
	})
}

// findSets writes, for each set of categories, 0 where the row's goes left and 1
// where it does not.
func (f *predictor) findSets() {
	f.Int(f.setAt)
	f.Set(f.end)
	f.through(f.setTable, f.setCount, membership, func() {
		f.Get(f.row)
		f.Get(f.at)
		f.LoadInt(0)
		f.Do(I32Add)
		f.LoadFloat(0)
		f.Set(f.x)
		f.Int(1)
		f.Set(f.missing)
		f.Get(f.x)
		f.Get(f.x)
		f.Do(F64Ne)
		f.If(func() {
			f.Get(f.at)
			f.LoadInt(12)
			f.Set(f.missing)
		})
		f.Get(f.x)
		f.Float(0)
		f.Do(F64Ge)
		f.Get(f.x)
		f.Get(f.at)
		f.LoadInt(8)
		f.Do(F64FromI32, F64Lt, I32And)
		f.If(func() {
			f.Get(f.at)
			f.LoadInt(4)
			f.Get(f.x)
			f.Truncate()
			f.Tee(f.index)
			f.Int(3)
			f.Do(I32ShU, I32Add)
			f.LoadByte(0)
			f.Get(f.index)
			f.Int(7)
			f.Do(I32And, I32ShU)
			f.Int(1)
			f.Do(I32And, I32Eqz)
			f.Set(f.missing)
		})
		f.Get(f.end)
		f.Get(f.missing)
		f.Do(F64FromI32)
		f.StoreFloat(0)
		f.advance(f.end, 8)
	})
}

// alone says that there is one margin, which is kept in a local.
func (f *predictor) alone() bool { return len(f.e.Base) == 1 }

// start sets the margins to what they are without any tree.
func (f *predictor) start() {
	if f.alone() {
		f.Float(f.e.Base[0])
		f.Set(f.margin)
		return
	}
	for k, v := range f.e.Base {
		f.Int(f.margins)
		f.Float(v)
		f.StoreFloat(uint32(8 * k))
	}
}

// walkAll adds up the trees.
func (f *predictor) walkAll() {
	groups := len(f.roots) / together
	size := func(trees int) int { return 8*trees + 4 }
	f.through(f.treeTable, groups, size(together), func() { f.walk(together) })
	rest := f.treeTable + uint32(groups*size(together))
	f.through(rest, len(f.roots)%together, size(1), func() { f.walk(1) })
}

// walk takes the row down so many trees at once, and adds what it finds there.
func (f *predictor) walk(trees int) {
	for k := range trees {
		f.Get(f.at)
		f.LoadInt(uint32(4 * k))
		f.Set(f.nodes[k])
	}
	f.Block(func() {
		f.Get(f.at)
		f.LoadInt(uint32(8 * trees))
		f.Tee(f.step)
		f.Do(I32Eqz)
		f.LeaveIf(0)
		f.Loop(func() {
			for _, n := range f.nodes[:trees] {
				f.Get(n)
				f.Get(n)
				f.LoadInt(12)
				f.Do(I32Add)
				f.Get(n)
				f.LoadInt(8)
				f.LoadFloat(0)
				f.Get(n)
				f.LoadFloat(0)
				f.Do(F64Gt)
				f.Int(4)
				f.Do(I32Shl, I32Add)
				f.Set(n)
			}
			f.Get(f.step)
			f.Int(1)
			f.Do(I32Sub)
			f.Tee(f.step)
			f.AgainIf(0)
		})
	})
	for k, n := range f.nodes[:trees] {
		f.Get(n)
		f.LoadInt(8)
		f.Set(n)
		switch {
		case f.alone():
			f.Get(f.margin)
			f.Get(n)
			f.LoadFloat(0)
			f.Do(F64Add)
			f.Set(f.margin)
		case f.width == 1:
			f.Get(f.at)
			f.LoadInt(uint32(4 * (trees + k)))
			f.Tee(f.index)
			f.Get(f.index)
			f.LoadFloat(0)
			f.Get(n)
			f.LoadFloat(0)
			f.Do(F64Add)
			f.StoreFloat(0)
		default:
			f.each(f.width, func(of func(Local) uint32) {
				to := of(f.total)
				f.LoadFloat(of(f.total))
				f.LoadFloat(of(n))
				f.Do(F64Add)
				f.StoreFloat(to)
			})
		}
	}
}

// most is how many times a body is written out; beyond, it is a loop.
const most = 8

// each runs content for each of n values side by side: of puts the address of
// one on the stack, of those that a local points at, and returns the offset.
func (f *predictor) each(n int, content func(of func(Local) uint32)) {
	if n <= most {
		for k := range n {
			content(func(l Local) uint32 {
				f.Get(l)
				return uint32(8 * k)
			})
		}
		return
	}
	f.Int(0)
	f.Set(f.index)
	f.Loop(func() {
		content(func(l Local) uint32 {
			f.Get(l)
			f.Get(f.index)
			f.Do(I32Add)
			return 0
		})
		f.advance(f.index, 8)
		f.Get(f.index)
		f.Int(uint32(8 * n))
		f.Do(I32LtU)
		f.AgainIf(0)
	})
}

// link turns the margins into the prediction.
func (f *predictor) link(outputs int) {
	margins := len(f.e.Base)
	switch f.e.Link {
	case ensemble.Logistic:
		f.sigmoid()
		f.Get(f.out)
		f.Float(1)
		f.Get(f.sum)
		f.Do(F64Sub)
		f.StoreFloat(0)
		f.Get(f.out)
		f.Get(f.sum)
		f.StoreFloat(8)
	case ensemble.Softmax:
		f.softmax(margins)
	default:
		if f.alone() {
			f.Get(f.out)
			f.Get(f.margin)
			f.applyLink()
			f.StoreFloat(0)
			return
		}
		f.each(outputs, func(of func(Local) uint32) {
			to := of(f.out)
			f.LoadFloat(of(f.total))
			f.applyLink()
			f.StoreFloat(to)
		})
	}
}

func (f *predictor) applyLink() {
	if f.e.Link == ensemble.Log {
		f.Call(f.exp)
	}
}

// sigmoid sets sum to 1 / (1 + e^-margin), as portable.Sigmoid computes it.
func (f *predictor) sigmoid() {
	// t = e^-|margin|; sum = t/(1+t) below zero, else 1/(1+t)
	f.Get(f.margin)
	f.Float(0)
	f.Do(F64Lt)
	f.Set(f.missing)
	f.Get(f.margin)
	f.Get(f.margin)
	f.Do(F64Neg)
	f.Get(f.missing)
	f.Do(Select)
	f.Call(f.exp)
	f.Set(f.x)
	f.Get(f.x)
	f.Float(1)
	f.Get(f.missing)
	f.Do(Select)
	f.Float(1)
	f.Get(f.x)
	f.Do(F64Add, F64Div)
	f.Set(f.sum)
}

// softmax is portable.Softmax of the margins.
func (f *predictor) softmax(n int) {
	f.Float(math.Inf(-1))
	f.Set(f.x) // the largest
	f.each(n, func(of func(Local) uint32) {
		f.Get(f.x)
		f.LoadFloat(of(f.total))
		f.Do(F64Max)
		f.Set(f.x)
	})
	f.Float(0)
	f.Set(f.sum)
	f.each(n, func(of func(Local) uint32) {
		to := of(f.out)
		f.LoadFloat(of(f.total))
		f.Get(f.x)
		f.Do(F64Sub)
		f.Call(f.exp)
		f.Tee(f.margin)
		f.StoreFloat(to)
		f.Get(f.sum)
		f.Get(f.margin)
		f.Do(F64Add)
		f.Set(f.sum)
	})
	f.each(n, func(of func(Local) uint32) {
		to := of(f.out)
		f.LoadFloat(of(f.out))
		f.Get(f.sum)
		f.Do(F64Div)
		f.StoreFloat(to)
	})
}
