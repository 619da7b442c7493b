// Package compile turns an ensemble of trees into a WebAssembly module of its
// own: no imports, one memory that never grows, a few kilobytes of code however
// many trees there are, and predictions whose every bit is the ensemble's.
//
// The module exports
//
//	memory
//	predict(rows i32)      reads rows at input, writes their predictions at output
//	input, output          addresses, i32 constants
//	batch                  rows that there is room for, an i32 constant
//	features, outputs      values a row has, i32 constants
//
// Rows are row-major float64, little-endian, NaN where a value is missing.
// predict traps where rows is beyond batch.
//
// Trees are data, walked by one loop, four at once: if/else code of as many
// nodes takes seconds to compile and does not fit the caches. A node has 16
// bytes: the threshold, the address of what is compared with it, and the distance
// to its left child, which its right child follows; the comparison is added to
// that distance, so nothing is mispredicted (Asadi, Lin and de Vries, "Runtime
// optimizations for tree-based machine learning models", 2014). A leaf points at
// itself, and at its value in place of a feature. Every feature stands in memory
// three times, with a missing value as -Inf, as +Inf and as a flag, so that where
// one goes is the node's choice of address.
package compile

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/edge/wasm"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// Options are how a model is compiled; nil means the defaults.
type Options struct {
	Batch  int // rows a call at most; 0 is 64
	Memory int // bytes that the module may have; 0 is 256 MiB
}

const (
	defaultBatch  = 64
	defaultMemory = 256 << 20

	nodeSize   = 16
	columns    = 3 // of a feature: missing as -Inf, as +Inf, as 1 of 0 and 1
	membership = 16
)

// A Program is a compiled model.
type Program struct {
	Wasm     []byte
	Features []string
	Outputs  int // of a prediction: probabilities of classes, or a value
	Batch    int
}

// Ensemble compiles an ensemble.
func Ensemble(e *ensemble.Ensemble, o *Options) (*Program, error) {
	p, err := program(e, o)
	if err != nil {
		return nil, fmt.Errorf("compiling an ensemble of %d trees: %w", len(e.Trees), err)
	}
	return p, nil
}

func program(e *ensemble.Ensemble, o *Options) (*Program, error) {
	opts := Options{Batch: defaultBatch, Memory: defaultMemory}
	if o != nil && o.Batch != 0 {
		opts.Batch = o.Batch
	}
	if o != nil && o.Memory != 0 {
		opts.Memory = o.Memory
	}
	if opts.Batch < 0 || opts.Memory < 0 || opts.Memory > math.MaxInt32 {
		return nil, fmt.Errorf("a batch of %d rows in %d bytes: both are positive, and the memory is less than 2 GiB", opts.Batch, opts.Memory)
	}
	if err := e.Check(); err != nil {
		return nil, err
	}
	outputs := len(e.Base)
	if e.Link == ensemble.Logistic {
		outputs = 2
	}
	l := &layout{e: e, width: 1, sets: map[set]uint32{}}
	for _, t := range e.Trees {
		if t.Output < 0 {
			l.width = len(e.Base)
		}
	}
	l.scratch = l.take(8 * columns * len(e.Features))
	l.input = l.take(8 * opts.Batch * len(e.Features))
	l.output = l.take(8 * opts.Batch * outputs)
	l.margins = l.take(8 * len(e.Base))
	nodes := 0
	for i := range e.Trees {
		nodes += places(&e.Trees[i], opts.Memory)
	}
	if nodes > opts.Memory/nodeSize {
		return nil, tooLarge(uint64(nodes)*nodeSize, opts.Memory)
	}
	l.collect()
	for i := range e.Trees {
		l.tree(&e.Trees[i])
	}
	l.finish()
	if l.size > uint64(opts.Memory) {
		return nil, tooLarge(l.size, opts.Memory)
	}
	m := wasm.New(uint32(l.size))
	for _, c := range []struct {
		name  string
		value int
	}{
		{"input", int(l.input)}, {"output", int(l.output)}, {"batch", opts.Batch}, {"features", len(e.Features)}, {"outputs", outputs},
	} {
		m.Const(c.name, uint32(c.value))
	}
	m.Data(uint32(l.dataAt), l.data)
	emit(m, l, opts.Batch, outputs)
	return &Program{Wasm: m.Bytes(), Features: e.Features, Outputs: outputs, Batch: opts.Batch}, nil
}

func tooLarge(size uint64, most int) error {
	return fmt.Errorf("it needs at least %d bytes of memory, and %d are allowed: fewer trees, shallower trees or a smaller batch take less", size, most)
}

// A layout says where in memory everything is.
type layout struct {
	e    *ensemble.Ensemble
	size uint64 // of the memory so far

	scratch, input, output, margins uint32

	dataAt uint64 // where data begins
	data   []byte

	width int // values of a leaf: 1, or one a margin

	sets       map[set]uint32 // where it says whether a row's category is in a set
	setAt      uint32         // the first of these
	setTable   uint32         // how each is found: membership bytes each
	setCount   int
	roots      []root
	treeTable  uint32
	tableBytes []byte
}

// A set is the categories that go left at a split, and whether missing ones do.
type set struct {
	feature int32
	bits    string
	missing bool
}

type root struct {
	at     uint32
	depth  int
	output int
}

// take reserves memory that starts as zeros. Addresses are multiples of 16.
func (l *layout) take(size int) uint32 {
	at := l.size
	l.size += (uint64(size) + 15) &^ 15
	return uint32(min(at, math.MaxUint32)) // beyond, the size is refused
}

// put appends data, and returns its address.
func (l *layout) put(b []byte) uint32 {
	at := l.dataAt + uint64(len(l.data))
	l.data = append(l.data, b...)
	for len(l.data)%16 != 0 {
		l.data = append(l.data, 0)
	}
	l.size = l.dataAt + uint64(len(l.data))
	return uint32(min(at, math.MaxUint32))
}

// collect finds the sets of categories that splits ask for, each once, and
// writes down how a row's membership is found: where the value is, the bits, how
// many these are, and what a missing value is.
func (l *layout) collect() {
	var order []set
	for i := range l.e.Trees {
		t := &l.e.Trees[i]
		for n := range t.Feature {
			s, ok := setOf(t, n)
			if !ok {
				continue
			}
			if _, known := l.sets[s]; !known {
				l.sets[s] = 0
				order = append(order, s)
			}
		}
	}
	l.setCount = len(order)
	l.setAt = l.take(8 * len(order))
	l.dataAt = l.size
	var table []byte
	for i, s := range order {
		l.sets[s] = l.setAt + uint32(8*i)
		bits := l.put([]byte(s.bits))
		missing := uint32(1)
		if s.missing {
			missing = 0
		}
		for _, v := range []uint32{uint32(8 * s.feature), bits, uint32(8 * len(s.bits)), missing} {
			table = binary.LittleEndian.AppendUint32(table, v)
		}
	}
	l.setTable = l.put(table)
}

func setOf(t *ensemble.Tree, n int) (set, bool) {
	if t.Feature[n] < 0 || t.Categories == nil || t.Categories[n] == nil {
		return set{}, false
	}
	var bits []byte
	for _, w := range t.Categories[n] {
		bits = binary.LittleEndian.AppendUint64(bits, w)
	}
	return set{t.Feature[n], string(bits), t.MissingLeft[n]}, true
}

// tree lays out a tree: siblings side by side, in the order of their levels.
func (l *layout) tree(t *ensemble.Tree) {
	type place struct{ node, level int }
	order := []place{{0, 0}}
	deepest := 0
	var nodes, values []byte
	at := uint32(l.dataAt) + uint32(len(l.data))
	// The nodes come first, so where the values begin is known from their number.
	valuesAt := at + uint32(nodeSize*places(t, math.MaxInt32))
	for i := 0; i < len(order); i++ {
		n := order[i].node
		deepest = max(deepest, order[i].level)
		f := t.Feature[n]
		if f < 0 {
			nodes = appendNode(nodes, math.Inf(1), valuesAt+uint32(len(values)), 0)
			values = l.leaf(values, t, n)
			continue
		}
		threshold, address := t.Threshold[n], l.scratch+8*columns*uint32(f)
		switch s, ok := setOf(t, n); {
		case ok:
			threshold, address = 0.5, l.sets[s]
		case t.MissingLeft[n]:
		case math.IsInf(threshold, 1): // only missing values go right
			threshold, address = 0.5, address+16
		default:
			address += 8
		}
		nodes = appendNode(nodes, threshold, address, uint32(nodeSize*(len(order)-i)))
		order = append(order, place{int(t.Left[n]), order[i].level + 1}, place{int(t.Right[n]), order[i].level + 1})
	}
	l.put(append(nodes, values...))
	l.roots = append(l.roots, root{at, deepest, t.Output})
}

// places counts the nodes of a tree as they are laid out, up to a bound: one that
// is the child of two is laid out twice.
func places(t *ensemble.Tree, most int) int {
	size := make([]int, len(t.Feature))
	for n := len(t.Feature) - 1; n >= 0; n-- {
		size[n] = 1
		if t.Feature[n] >= 0 {
			size[n] = min(1+size[t.Left[n]]+size[t.Right[n]], most)
		}
	}
	return size[0]
}

func appendNode(b []byte, threshold float64, address, left uint32) []byte {
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(threshold))
	b = binary.LittleEndian.AppendUint32(b, address)
	return binary.LittleEndian.AppendUint32(b, left)
}

func (l *layout) leaf(b []byte, t *ensemble.Tree, n int) []byte {
	for k := range l.width {
		v := 0.0
		switch {
		case t.Output < 0:
			v = t.Value[n*l.width+k]
		case l.width == 1 || k == t.Output:
			v = t.Value[n]
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// together is how many trees are walked at once.
const together = 4

// finish writes the table of trees: groups of four, then those left over. A
// group has its roots, the addresses of the margins that they add to, and the
// depth of the deepest.
func (l *layout) finish() {
	entry := func(roots []root) {
		deepest := 0
		for _, r := range roots {
			l.tableBytes = binary.LittleEndian.AppendUint32(l.tableBytes, r.at)
			deepest = max(deepest, r.depth)
		}
		for _, r := range roots {
			l.tableBytes = binary.LittleEndian.AppendUint32(l.tableBytes, l.margins+uint32(8*max(0, r.output)))
		}
		l.tableBytes = binary.LittleEndian.AppendUint32(l.tableBytes, uint32(deepest))
	}
	rest := l.roots
	for ; len(rest) >= together; rest = rest[together:] {
		entry(rest[:together])
	}
	for ; len(rest) > 0; rest = rest[1:] {
		entry(rest[:1])
	}
	l.treeTable = l.put(l.tableBytes)
}
