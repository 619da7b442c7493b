package boost

import (
	"container/heap"
	"math"
	"slices"
)

// grown is one tree, a node an entry; the children of a split are next to each
// other, after it.
type grown struct {
	feature     []int32 // of a leaf -1
	cut         []uint8
	missingLeft []bool
	left        []int32
	gain        []float64
	value       []float64 // of leaves
	cover       []float64 // the weight of the rows in a node
}

func (t *grown) add() int32 {
	t.feature = append(t.feature, -1)
	t.cut = append(t.cut, 0)
	t.missingLeft = append(t.missingLeft, false)
	t.left = append(t.left, 0)
	t.gain = append(t.gain, 0)
	t.value = append(t.value, 0)
	t.cover = append(t.cover, 0)
	return int32(len(t.feature) - 1)
}

// A span is a part of a worker's rows.
type span struct{ from, to int }

// An open node is a leaf that may still be split.
type open struct {
	node, depth int
	spans       []span // of each worker's rows
	rows        int
	total       word
	histograms  []histogram
	best        split
	gain        float64
}

// A frontier is a heap of open nodes, the one that gains most on top.
type frontier []*open

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(i, j int) bool {
	if f[i].gain != f[j].gain {
		return f[i].gain > f[j].gain
	}
	return f[i].node < f[j].node
}
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

// Push is heap.Interface's.
func (f *frontier) Push(x any) { *f = append(*f, x.(*open)) }

// Pop is heap.Interface's.
func (f *frontier) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}

// A worker has its share of the rows: blocks that are spread evenly, so that each
// node has about as many rows of one worker as of another.
type worker struct {
	filler
	all         []uint32 // its rows, ascending
	rows, spare []uint32 // those of the tree at hand, by node
	local       []histogram
	best        [2]split // of two nodes
	counts      [256]uint32
}

// blockRows is how many rows in turn are of one worker.
const blockRows = 4096

// A grower grows trees, one after the other.
type grower struct {
	boosting *Boosting
	data     *data
	team     *team
	workers  []*worker
	words    []word
	unit     coarse
	rules    rules
	pool     [][]histogram
	leaves   []*open
}

func newGrower(b *Boosting, d *data, t *team) *grower {
	g := &grower{boosting: b, data: d, team: t}
	for range t.size {
		g.workers = append(g.workers, &worker{filler: filler{data: d}, local: make([]histogram, d.features)})
	}
	for from, i := 0, 0; from < d.rows; from, i = from+blockRows, i+1 {
		w := g.workers[i%t.size]
		for r := from; r < min(from+blockRows, d.rows); r++ {
			w.all = append(w.all, uint32(r))
		}
	}
	for _, w := range g.workers {
		w.rows, w.spare = make([]uint32, len(w.all)), make([]uint32, len(w.all))
	}
	return g
}

// alone is up to how many rows one worker does what there is to do at a node:
// the others would hardly be awake before it is done.
const alone = 4096

// each calls f for each worker's rows.
func (g *grower) each(rows int, f func(rows, by *worker, i int)) {
	if rows <= alone || g.team.size == 1 {
		for i, w := range g.workers {
			f(w, g.workers[0], i)
		}
		return
	}
	g.team.each(func(i int) { f(g.workers[i], g.workers[i], i) })
}

// features calls f for each feature, on all workers if that is worth it.
func (g *grower) features(rows int, f func(by *worker, feature int)) {
	if rows*8 <= alone || g.team.size == 1 {
		for j := range g.data.features {
			f(g.workers[0], j)
		}
		return
	}
	g.team.each(func(i int) {
		for j := i; j < g.data.features; j += g.team.size {
			f(g.workers[i], j)
		}
	})
}

func (g *grower) take() []histogram {
	if n := len(g.pool); n > 0 {
		h := g.pool[n-1]
		g.pool = g.pool[:n-1]
		return h
	}
	return make([]histogram, g.data.features)
}

func (g *grower) give(n *open) {
	if n.histograms != nil {
		g.pool = append(g.pool, n.histograms)
		n.histograms = nil
	}
}

// grow grows a tree, leaf by leaf: the one that gains most is split next.
func (g *grower) grow(words []word) *grown {
	g.words = words
	t := &grown{}
	g.leaves = g.leaves[:0]
	root := &open{node: int(t.add()), spans: make([]span, len(g.workers)), rows: g.data.rows}
	var next frontier
	g.plant(root)
	g.offer(&next, root)
	for budget := g.boosting.MaxLeaves - 1; len(next) > 0; {
		n := heap.Pop(&next).(*open)
		if budget == 0 {
			g.close(n)
			continue
		}
		budget--
		left, right := g.divide(t, n, budget > 0)
		for _, child := range []*open{left, right} {
			g.offer(&next, child)
		}
	}
	slices.SortFunc(g.leaves, func(a, b *open) int { return a.node - b.node })
	return t
}

// offer puts a node among those that may be split, or closes it.
func (g *grower) offer(next *frontier, n *open) {
	if n.gain > 0 {
		heap.Push(next, n)
		return
	}
	g.close(n)
}

func (g *grower) close(n *open) {
	g.give(n)
	g.leaves = append(g.leaves, n)
}

// plant makes the root's histograms and its best split.
func (g *grower) plant(n *open) {
	g.each(n.rows, func(w, by *worker, i int) {
		copy(w.rows, w.all)
		n.spans[i] = span{0, len(w.all)}
		for from := 0; from < len(w.rows); from += fillRows {
			by.fill(by.local, w.rows[from:min(from+fillRows, len(w.rows))], g.words, g.unit)
		}
	})
	n.histograms = g.take()
	g.features(g.data.rows, func(_ *worker, j int) { g.merge(n.histograms, j) })
	for _, w := range n.histograms[0] {
		n.total += w
	}
	g.reset(n)
	g.features(g.data.rows, func(by *worker, j int) { g.search(by, 0, n, j) })
	g.settle(n, 0)
}

// reset forgets what the workers found for the last node or two.
func (g *grower) reset(nodes ...*open) {
	for k, n := range nodes {
		for _, w := range g.workers {
			w.best[k] = none(g.rules.score(n.total))
		}
	}
}

// settle takes the best of what the workers found for a node.
func (g *grower) settle(n *open, k int) {
	n.best = g.workers[0].best[k]
	for _, w := range g.workers[1:] {
		if w.best[k].better(&n.best) {
			n.best = w.best[k]
		}
	}
	n.gain = 0
	if n.best.feature != math.MaxInt32 {
		n.gain = n.best.score - g.rules.score(n.total)
	}
}

// merge adds up what the workers have of a feature, and leaves them empty.
func (g *grower) merge(to []histogram, j int) {
	width := g.data.width[j]
	for i, w := range g.workers {
		from, to := &w.local[j], &to[j]
		if i == 0 {
			copy(to[:width], from[:width])
			to[255] = from[255]
		} else {
			for b, v := range from[:width] {
				to[b] += v
			}
			to[255] += from[255]
		}
		clear(from[:width])
		from[255] = 0
	}
}

func (g *grower) search(by *worker, k int, n *open, j int) {
	counted := false
	enough := func(cut uint8, missingLeft bool) bool {
		if !counted {
			g.count(by, n, j)
			counted = true
		}
		left := 0
		for _, c := range by.counts[:int(cut)+1] {
			left += int(c)
		}
		if missingLeft {
			left += int(by.counts[255])
		}
		return left >= g.rules.minLeaf && n.rows-left >= g.rules.minLeaf
	}
	g.rules.search(&n.histograms[j], j, g.data.width[j], n.total, &by.best[k], enough)
}

// count counts the rows of a node in each bin of a feature.
func (g *grower) count(by *worker, n *open, j int) {
	clear(by.counts[:])
	bins, stride := g.data.bins[j:], g.data.features
	for i, w := range g.workers {
		for _, r := range w.rows[n.spans[i].from:n.spans[i].to] {
			by.counts[bins[int(r)*stride]]++
		}
	}
}

// divide splits a node as it was found best. If more, the children's best splits
// are searched too: the smaller one's histograms are filled while its rows are
// found, the other's are what is left of the node's.
func (g *grower) divide(t *grown, n *open, more bool) (left, right *open) {
	s := n.best
	t.feature[n.node], t.cut[n.node], t.missingLeft[n.node] = s.feature, s.cut, s.missingLeft
	t.gain[n.node] = n.gain
	left, right = g.child(t, n), g.child(t, n)
	t.left[n.node] = int32(left.node)
	left.total, right.total = s.left, n.total-s.left
	if g.boosting.MaxDepth > 0 && left.depth >= g.boosting.MaxDepth {
		more = false
	}
	small, large, fillSide := left, right, uint8(1)
	if hessian(left.total) > hessian(right.total) {
		small, large, fillSide = right, left, 0
	}
	if !more {
		fillSide = 2
	}
	var table [256]uint8
	for b := range 256 {
		if b <= int(s.cut) && b != 255 || b == 255 && s.missingLeft {
			table[b] = 1
		}
	}
	g.each(n.rows, func(w, by *worker, i int) {
		at := n.spans[i]
		middle := at.from + g.divideRows(w, by, at, &table, int(s.feature), fillSide)
		left.spans[i], right.spans[i] = span{at.from, middle}, span{middle, at.to}
	})
	for i := range g.workers {
		left.rows += left.spans[i].to - left.spans[i].from
		right.rows += right.spans[i].to - right.spans[i].from
	}
	if !more {
		g.give(n)
		return left, right
	}
	small.histograms, large.histograms = g.take(), n.histograms
	n.histograms = nil
	g.reset(left, right)
	g.features(n.rows, func(by *worker, j int) {
		g.merge(small.histograms, j)
		from, less := &large.histograms[j], &small.histograms[j]
		for b, v := range less[:g.data.width[j]] {
			from[b] -= v
		}
		from[255] -= less[255]
		g.search(by, 0, left, j)
		g.search(by, 1, right, j)
	})
	g.settle(left, 0)
	g.settle(right, 1)
	return left, right
}

func (g *grower) child(t *grown, n *open) *open {
	return &open{node: int(t.add()), depth: n.depth + 1, spans: make([]span, len(g.workers))}
}

// divideRows moves the rows that go left before those that go right, and returns
// how many they are. On the way it adds those of a side, 1 being the left one, to
// the histograms.
func (g *grower) divideRows(w, by *worker, at span, table *[256]uint8, feature int, fillSide uint8) int {
	rows, spare := w.rows[at.from:at.to], w.spare
	bins, stride := g.data.bins[feature:], g.data.features
	l, s := 0, 0
	for from := 0; from < len(rows); from += fillRows {
		wasL, wasS := l, s
		for _, r := range rows[from:min(from+fillRows, len(rows))] {
			side := int(table[bins[int(r)*stride]])
			rows[l], spare[s] = r, r
			l += side
			s += 1 - side
		}
		switch fillSide {
		case 1:
			by.fill(by.local, rows[wasL:l], g.words, g.unit)
		case 0:
			by.fill(by.local, spare[wasS:s], g.words, g.unit)
		}
	}
	copy(rows[l:], spare[:s])
	return l
}
