package boost

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/splitmix"
)

// grown is one tree, a node an entry; the children of a split are next to each
// other, after it.
type grown struct {
	feature []int32 // of a leaf -1
	left    []int32
	split   []split
	gain    []float64 // what a split takes off the loss
	value   []float64 // of leaves
	cover   []float64 // the weight of the rows in a node
}

func (t *grown) add() int32 {
	t.feature = append(t.feature, -1)
	t.left = append(t.left, 0)
	t.split = append(t.split, split{})
	t.gain = append(t.gain, 0)
	t.value = append(t.value, 0)
	t.cover = append(t.cover, 0)
	return int32(len(t.feature) - 1)
}

// leaf is the leaf that a binned row ends in.
func (t *grown) leaf(row []uint8) int32 {
	at := int32(0)
	for t.feature[at] >= 0 {
		s := &t.split[at]
		at = t.left[at]
		if !s.goesLeft(row[s.feature]) {
			at++
		}
	}
	return at
}

// A span is a part of a worker's rows.
type span struct{ from, to int }

// An open node is a leaf that may still be split.
type open struct {
	node, depth int
	spans       []span // of each worker's rows
	rows        int
	total       word
	limits      limits
	features    []int // that its split is chosen among
	histograms  []histogram
	best        split
	gain        float64 // what it takes off the loss, in units of words
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

// A grower grows trees, one after the other.
type grower struct {
	boosting *Boosting
	data     *data
	team     *team
	workers  []*worker
	// Of the tree at hand:
	words    []word
	unit     coarse
	rules    rules
	rng      splitmix.Source
	features []int // that it looks at
	groups   []group
	leaves   []*open

	pool [][]histogram // that no node has
}

func newGrower(b *Boosting, d *data, t *team) *grower {
	g := &grower{boosting: b, data: d, team: t}
	for i := range t.size {
		g.workers = append(g.workers, newWorker(d, i, t.size))
	}
	return g
}

func (g *grower) take() []histogram {
	if n := len(g.pool); n > 0 {
		h := g.pool[n-1]
		g.pool = g.pool[:n-1]
		return h
	}
	return make([]histogram, g.data.features)
}

// grow grows a tree, leaf by leaf: the one that gains most is split next.
func (g *grower) grow(words []word, rng splitmix.Source) *grown {
	g.words, g.rng, g.leaves = words, rng, g.leaves[:0]
	g.features = g.choose(g.data.features, g.boosting.ByTree)
	g.groups = groups(g.data.stride, g.features)
	t := &grown{}
	root := &open{node: int(t.add()), spans: make([]span, len(g.workers)), limits: unlimited()}
	g.plant(root)
	var next frontier
	g.offer(&next, root)
	for budget := g.boosting.MaxLeaves - 1; len(next) > 0; {
		n := heap.Pop(&next).(*open)
		if budget == 0 {
			g.close(n)
			continue
		}
		budget--
		left, right := g.divide(t, n, budget > 0)
		g.offer(&next, left)
		g.offer(&next, right)
	}
	slices.SortFunc(g.leaves, func(a, b *open) int { return cmp.Compare(a.node, b.node) })
	return t
}

// choose draws a share of n things; all takes no drawing.
func (g *grower) choose(n int, share float64) []int {
	if share == 1 {
		if n == len(g.features) {
			return g.features
		}
		share = 2 // as many as there are
	}
	g.rng.Next()
	return choose(n, share, g.rng)
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

func (g *grower) give(n *open) {
	if n.histograms != nil {
		g.pool = append(g.pool, n.histograms)
		n.histograms = nil
	}
}

// plant makes the root's histograms and finds its best split.
func (g *grower) plant(n *open) {
	g.each(g.data.rows, func(w, by *worker, i int) {
		w.start()
		n.spans[i] = span{0, len(w.rows)}
		for from := 0; from < len(w.rows); from += fillRows {
			by.fill(w.rows[from:min(from+fillRows, len(w.rows))], g)
		}
	})
	for _, s := range n.spans {
		n.rows += s.to
	}
	n.histograms = g.take()
	g.eachFeature(g.data.rows, func(_ *worker, j int) { g.merge(n.histograms, j) })
	for _, w := range n.histograms[g.features[0]] {
		n.total += w
	}
	g.prepare(n)
	g.eachFeature(g.data.rows, func(by *worker, j int) { g.search(by, 0, n, j) })
	g.settle(n, 0)
}

// prepare makes ready to search for splits of one or two nodes.
func (g *grower) prepare(nodes ...*open) {
	for k, n := range nodes {
		n.features = g.features
		if g.boosting.ByNode < 1 {
			n.features = nil
			for _, i := range g.choose(len(g.features), g.boosting.ByNode) {
				n.features = append(n.features, g.features[i])
			}
		}
		none := g.rules.none(g.rules.score(n.total, n.limits))
		for _, w := range g.workers {
			w.best[k] = none
		}
	}
}

// search looks for a better split on a feature, of a node that is number k of those
// that are searched.
func (g *grower) search(by *worker, k int, n *open, j int) {
	if len(n.features) < len(g.features) {
		if _, among := slices.BinarySearch(n.features, j); !among {
			return
		}
	}
	counted := false
	s := searcher{
		rules: &g.rules, histogram: &n.histograms[j], feature: int32(j), width: g.data.width[j], direction: g.data.direction[j],
		total: n.total, limits: n.limits, best: &by.best[k],
		enough: func(s *split) bool {
			if !counted {
				if n.rows > firstRows && g.enoughAtOnce(n, j, s) {
					return true
				}
				g.count(by, n, j)
				counted = true
			}
			left := by.countLeft(s)
			return left >= g.rules.minLeaf && n.rows-left >= g.rules.minLeaf
		},
	}
	if g.data.categories[j] != nil {
		s.categories()
		return
	}
	s.number()
}

// firstRows is how many rows are looked at before all are counted.
const firstRows = 1024

// enoughAtOnce says whether among the first rows of a node there are enough for
// either side of a split. Mostly there are.
func (g *grower) enoughAtOnce(n *open, j int, s *split) bool {
	bins, stride, left := g.data.bins[j:], g.data.stride, s.goingLeft()
	sides, rest := [2]int{}, firstRows
	for i, w := range g.workers {
		rows := w.rows[n.spans[i].from:n.spans[i].to]
		rows = rows[:min(len(rows), rest)]
		rest -= len(rows)
		for _, r := range rows {
			sides[left.has(bins[int(r)*stride])]++
		}
		if sides[0] >= g.rules.minLeaf && sides[1] >= g.rules.minLeaf {
			return true
		}
	}
	return false
}

// count counts the rows of a node in the bins of a feature up to each.
func (g *grower) count(by *worker, n *open, j int) {
	clear(by.counts[:])
	bins, stride := g.data.bins[j:], g.data.stride
	for i, w := range g.workers {
		for _, r := range w.rows[n.spans[i].from:n.spans[i].to] {
			by.counts[bins[int(r)*stride]]++
		}
	}
	for b := 1; b < 255; b++ {
		by.counts[b] += by.counts[b-1]
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
	if n.best.feature != math.MaxInt32 {
		n.gain = (n.best.score - g.rules.score(n.total, n.limits)) / 2
	}
}

// divide splits a node as it was found best. If more, the children's best splits
// are searched too: the smaller one's histograms are filled while its rows are
// found, the other's are what is left of the node's.
func (g *grower) divide(t *grown, n *open, more bool) (left, right *open) {
	s := n.best
	left, right = g.child(t, n), g.child(t, n)
	t.feature[n.node], t.split[n.node], t.left[n.node] = s.feature, s, int32(left.node)
	t.gain[n.node] = n.gain
	left.total, right.total = s.left, n.total-s.left
	g.limit(n, left, right, g.data.direction[s.feature])
	more = more && (g.boosting.MaxDepth == 0 || left.depth < g.boosting.MaxDepth)
	small, large, filled := left, right, leftSide
	if hessian(left.total) > hessian(right.total) {
		small, large, filled = right, left, rightSide
	}
	if !more {
		filled = noSide
	}
	bins := s.goingLeft()
	g.each(n.rows, func(w, by *worker, i int) {
		at := n.spans[i]
		middle := at.from + w.divide(at, &bins, int(s.feature), filled, by, g)
		left.spans[i], right.spans[i] = span{at.from, middle}, span{middle, at.to}
	})
	for i := range g.workers {
		left.rows += left.spans[i].to - left.spans[i].from
	}
	right.rows = n.rows - left.rows
	if !more {
		g.give(n)
		return left, right
	}
	small.histograms, large.histograms = g.take(), n.histograms
	n.histograms = nil
	g.prepare(left, right)
	g.eachFeature(n.rows, func(by *worker, j int) {
		g.merge(small.histograms, j)
		large.histograms[j].subtract(&small.histograms[j], g.data.width[j])
		g.search(by, 0, left, j)
		g.search(by, 1, right, j)
	})
	g.settle(left, 0)
	g.settle(right, 1)
	return left, right
}

func (g *grower) child(t *grown, n *open) *open {
	return &open{node: int(t.add()), depth: n.depth + 1, spans: make([]span, len(g.workers)), limits: n.limits}
}

// limit bounds the children's values, so that whatever they are split into later
// is on its side of the middle (as LightGBM and scikit-learn do).
func (g *grower) limit(n, left, right *open, direction int8) {
	if direction == 0 {
		return
	}
	value := func(w word) float64 {
		return g.rules.value(float64(gradient(w)), float64(hessian(w)), g.rules.l2, n.limits)
	}
	middle := float64(value(left.total)/2) + float64(value(right.total)/2)
	if direction < 0 {
		left, right = right, left
	}
	left.limits.high, right.limits.low = middle, middle
}
