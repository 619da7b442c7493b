package explain

import "github.com/runnel-dev/runnel/learn/ensemble"

// A leaf with value v, whose path looks at d features, adds to feature j
//
//	v (o_j - z_j) ∫ Π_{i≠j} (o_i t + z_i (1-t)) dt  over 0 < t < 1
//
// where o_i is 1 if the row passes all splits of the path on feature i, else 0,
// and z_i is the share of the training rows that do. The Shapley weights are what
// the powers of t and 1-t integrate to. The polynomial has the degree d-1, so d/2
// points of Gauss-Legendre quadrature give the integral exactly, without the
// divisions of polynomials by which TreeSHAP loses digits. At each point a leaf is
// a product along its path: one walk down the tree makes the products, one walk
// up adds the leaves and takes from each edge what its feature adds, in all
// O(leaves x d) a row (Yu, Xu, Bifet and Read, "Linear TreeShap", 2022, with
// other points; Lundberg, Erion and Lee, "Consistent individualized feature attribution
// for tree ensembles", 2018, for the values).
//
// Where a path splits on a feature again, the deeper edge holds for both: its
// factor replaces that of the edge before it, and what it adds is less what the
// leaves below it would have added by the edge before.

// What a row does at a split.
const (
	goesLeft  = iota
	goesRight // it passes the edge to the right
	goesNowhere
)

// What a row has done on an edge, and so at all edges of its feature above it.
const (
	missed = iota // it went the other way here
	passed
	lost // it went another way at an edge of the same feature above
)

// edgeState is what a row has done on the edge to a left child, from 0, or a right
// one, from toRight, by what it does at the split.
var edgeState = [8]uint8{passed, missed, lost, 0, missed, passed, lost}

const toRight = 4

// goesState is what a row does at a split, by what it has done at the last edge of
// the same feature, twice, plus 1 where its value is that of the right.
var goesState = [8]uint8{2 * missed: goesNowhere, 2*missed + 1: goesNowhere, 2 * passed: goesLeft, 2*passed + 1: goesRight,
	2 * lost: goesNowhere, 2*lost + 1: goesNowhere}

// paths is a tree made ready to explain rows: its splits, in the order of its
// nodes, and the factors of its edges at each point.
type paths struct {
	lanes   int // points of the quadrature, a multiple of 4
	width   int // outputs that it adds to, from the output first
	first   int
	weights []float64
	splits  []split
	// Of the edge to split i, by its state: the factor, and the share of what
	// comes through it that is its feature's. [i][3][lanes]
	factor, share []float64
	// Of the leaves of split i, by what the row does there: the sum of their
	// values times factors, and that of their values times factors times shares.
	// [i][3][width][lanes]
	leaf, leafShare []float64
	categories      [][]uint64 // that go left, of each split on categories
	base            []float64  // the expected value, by width
}

type split struct {
	threshold   float64
	feature     int32
	parent      int32 // the split above
	before      int32 // the split whose incoming edge is the last of the same feature on the path; 0, the root: none
	side        uint8 // toRight: the right child of its parent
	missingLeft bool
	leaves      uint8 // among its children
	byCategory  bool
}

// An edge leads to a node; before is the edge of the same feature above it.
type edge struct {
	passing float64 // the share of training rows that pass all edges of the feature so far
	ratio   float64 // the same, of this edge alone
	split   int32   // that it leads to; -1: a leaf
}

// pathsOf makes a tree of so many outputs ready, the first width of which are to
// be explained.
func pathsOf(t *ensemble.Tree, outputs, width int, rule *rule) *paths {
	p := &paths{width: width, lanes: len(rule.points), weights: rule.weights}
	values := outputs
	if t.Output >= 0 {
		p.width, p.first, values = 1, t.Output, 1
	}
	b := &builder{paths: p, tree: t, values: values, last: map[int32]edge{}, points: rule.points}
	p.base = make([]float64, p.width)
	if t.Feature[0] < 0 {
		copy(p.base, t.Value[:p.width])
		return p
	}
	inner := 0
	for _, f := range t.Feature {
		if f >= 0 {
			inner++
		}
	}
	p.splits = make([]split, 0, inner)
	p.factor, p.share = make([]float64, inner*3*p.lanes), make([]float64, inner*3*p.lanes)
	p.leaf, p.leafShare = make([]float64, inner*3*p.width*p.lanes), make([]float64, inner*3*p.width*p.lanes)
	b.add(0, 0, 0, 1)
	return p
}

// A builder fills paths by walking down the tree.
type builder struct {
	*paths
	tree   *ensemble.Tree
	values int // of a leaf
	points []float64
	last   map[int32]edge // of each feature on the path to where the builder is
}

// add adds the split at a node, and all below it. reach is the share of training
// rows that come to it.
func (b *builder) add(node, parent int32, side uint8, reach float64) {
	t, self := b.tree, int32(len(b.splits))
	f := t.Feature[node]
	s := split{feature: f, threshold: t.Threshold[node], missingLeft: t.MissingLeft[node], parent: parent, side: side}
	if t.Categories != nil {
		b.categories = append(b.categories, t.Categories[node])
		s.byCategory = t.Categories[node] != nil
	}
	before, again := b.last[f]
	if again {
		s.before = before.split
	}
	b.splits = append(b.splits, s)
	for k, child := range [2]int32{t.Left[node], t.Right[node]} {
		side := uint8(toRight * k)
		e := edge{passing: 1, ratio: t.Cover[child] / t.Cover[node], split: -1}
		if t.Cover[node] <= 0 {
			e.ratio = 0.5 // no training row came here: one side is as likely as the other
		}
		above := edge{passing: 1, split: -1}
		if again {
			above = before
		}
		e.passing = above.passing * e.ratio
		if t.Feature[child] < 0 {
			b.addLeaf(self, side, e, above, again, t.Value[int(child)*b.values:][:b.width], reach*e.ratio)
			continue
		}
		e.split = int32(len(b.splits))
		for state := range uint8(3) {
			at := (int(e.split)*3 + int(state)) * b.lanes
			for q := range b.lanes {
				b.factor[at+q], b.share[at+q] = b.edge(state, q, e, above, again)
			}
		}
		b.last[f] = e
		b.add(child, self, side, reach*e.ratio)
	}
	delete(b.last, f)
	if again {
		b.last[f] = before
	}
}

// edge is the factor of an edge at a point, and the share of what comes through
// it that is its feature's, where the row passed the edge before, if there is any.
func (b *builder) edge(state uint8, q int, e, before edge, again bool) (factor, share float64) {
	t := b.points[q]
	pass := func(e edge) float64 { return t + float64(e.passing*(1-t)) }
	if state == lost {
		return e.ratio, 0
	}
	if state == passed {
		factor = pass(e)
		share = (1 - e.passing) / factor
	} else {
		factor = e.passing * (1 - t)
		share = -1 / (1 - t)
	}
	if again {
		factor /= pass(before)
		share -= (1 - before.passing) / pass(before)
	}
	return factor, share
}

func (b *builder) addLeaf(split int32, side uint8, e, before edge, again bool, values []float64, reach float64) {
	b.splits[split].leaves++
	for goes := range uint8(3) {
		for q := range b.lanes {
			factor, share := b.edge(edgeState[side+goes], q, e, before, again)
			for k, v := range values {
				at := ((int(split)*3+int(goes))*b.width+k)*b.lanes + q
				b.leaf[at] += float64(v * factor)
				b.leafShare[at] += float64(float64(v*factor) * share)
			}
		}
	}
	for k, v := range values {
		b.base[k] += float64(v * reach)
	}
}

// goesLeftAt reports whether a value goes left at a split, by categories if there are any.
func goesLeftAt(threshold float64, missingLeft bool, categories []uint64, x float64) bool {
	switch {
	case x != x:
		return missingLeft
	case categories != nil:
		return x >= 0 && x < float64(64*len(categories)) && categories[int(x)/64]&(1<<(int(x)%64)) != 0
	}
	return x <= threshold
}
