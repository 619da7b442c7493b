package explain

import (
	"slices"

	"github.com/runnel-dev/runnel/learn/ensemble"
)

// A leaf with value v, whose path looks at d features, adds to feature j
//
//	v (o_j - z_j) ∫ Π_{i≠j} (o_i t + z_i (1-t)) dt  over 0 < t < 1
//
// where o_i is 1 if the row passes all splits of the path on feature i, else 0,
// and z_i is the share of the training rows that do. The Shapley weights are what
// the powers of t and 1-t integrate to. The polynomial has the degree d-1, so d/2
// points of Gauss-Legendre quadrature give the integral exactly, without the
// divisions of polynomials by which TreeSHAP loses digits. At each point a leaf is
// a product along its path: the way down the tree makes the products, the way
// up adds the leaves and takes from each edge what its feature adds, in all
// O(leaves x d) a row (Yu, Xu, Bifet and Read, "Linear TreeShap", 2022, with
// other points; Lundberg, Erion and Lee, "Consistent individualized feature attribution
// for tree ensembles", 2018, for the values).
//
// Where a path splits on a feature again, the deeper edge holds for both: its
// factor replaces that of the edge before it, and what it adds is less what the
// leaves below it would have added by the edge before.
//
// Four points are taken at a time: a tree with longer paths is walked again for
// the next four.

// What a row has done on an edge, and so at all edges of its feature above it.
const (
	missed = iota // it went the other way here
	passed
	lost // it went another way at an edge of the same feature above
)

// What a row does at a split.
const (
	goesLeft = iota
	goesRight
	goesNowhere // it is lost on both edges
)

// four are the points that a walk takes at a time.
const four = 4

// A table holds four numbers, one a point, for each of three states: what is of
// points 0 and 1 in the first eight, by 4 x (point % 2) + state.
type table [16]float64

// at is where a table has the number of a point.
func at(state uint8, point int) int { return point/2*8 + point%2*4 + int(state) }

// paths is a tree made ready to explain rows by four points.
type paths struct {
	width   int // outputs that it adds to, from the output first
	first   int
	levels  int // of splits
	weights [four]float64
	steps   []step
	// Of each split: the factors of the edge to it by what the row did on it, the
	// shares of what comes through it that are its feature's, and, if it has
	// leaves, for each output the sums of their values times factors, and of
	// these times shares, by what the row does at the split.
	tables     []table
	categories [][]uint64 // that go left, by split; nil: no split is on categories
}

// A step of a walk is to enter a split, to leave it when all below it is done, or,
// of a split with two leaves, both. Assembly knows where its fields are.
type step struct {
	threshold float64
	feature   int64 // that it splits on
	above     int64 // the feature of the split above
	table     int64 // its first
	level     int64 // from 1
	before    int64 // the level of the split to which the last edge of the same feature leads; 0: none
	missing   uint8 // 0xff: missing values go left
	side      uint8 // toRight: it is the right child of the split above
	enter     bool
	leave     bool
	leaves    uint8
	category  bool
	_         [2]uint8
	split     int32 // its number
}

// An edge leads to a split; what is of no edge is the zero edge's with factors of 1.
type edge struct {
	passing float64       // the share of training rows that pass all edges of the feature so far
	ratio   float64       // the same, of this edge alone
	factor  [four]float64 // if the row passes
	inverse [four]float64 // 1 / factor
	share   [four]float64 // (1 - passing) / factor
	level   int           // of the split that it leads to
}

// A builder fills paths by walking down the tree, again and again in the same memory.
type builder struct {
	paths
	tree     *ensemble.Tree
	values   int // of a leaf
	splits   int32
	points   [four]float64
	opposite [four]float64 // 1 - point
	missed   [four]float64 // -1 / (1 - point)
	last     []*edge       // of each feature on the path to where the builder is
	edges    []edge        // of the tree so far, with room for all
}

// pathsOf makes a tree of so many outputs ready, the first width of which are to
// be explained, by four points of the rule from the given one. It is good until the
// next is made.
func (b *builder) pathsOf(t *ensemble.Tree, features, outputs, width int, rule *rule, from int) *paths {
	p := &b.paths
	*p = paths{width: width, steps: p.steps[:0], tables: p.tables[:0]}
	values := outputs
	if t.Output >= 0 {
		p.width, p.first, values = 1, t.Output, 1
	}
	if t.Feature[0] < 0 || p.width == 0 {
		return p
	}
	b.tree, b.values, b.splits = t, values, 0
	if len(b.last) < features {
		b.last = make([]*edge, features)
	}
	for q := range four {
		p.weights[q] = rule.weights[from+q]
		b.points[q] = rule.points[from+q]
		b.opposite[q] = 1 - b.points[q]
		b.missed[q] = -1 / b.opposite[q]
	}
	splits, leaves := 0, 0
	for i, f := range t.Feature {
		if f < 0 {
			continue
		}
		splits++
		if t.Feature[t.Left[i]] < 0 || t.Feature[t.Right[i]] < 0 {
			leaves++
		}
	}
	p.steps = slices.Grow(p.steps, 2*splits)
	p.tables = slices.Grow(p.tables, 2*splits+2*p.width*leaves)
	if t.Categories != nil {
		p.categories = make([][]uint64, 0, splits)
	}
	if b.edges = b.edges[:0]; cap(b.edges) < 2*splits+1 {
		b.edges = make([]edge, 0, 2*splits+1)
	}
	root := b.edge(1, nil)
	b.add(0, step{level: 1}, root, nil)
	return p
}

// edge is that of a share of the rows, below another of the same feature or none.
func (b *builder) edge(ratio float64, before *edge) *edge {
	b.edges = append(b.edges, edge{passing: ratio, ratio: ratio})
	e := &b.edges[len(b.edges)-1]
	if before != nil {
		e.passing = float64(before.passing * ratio)
	}
	for q, t := range b.points {
		e.factor[q] = t + float64(e.passing*b.opposite[q])
		e.inverse[q] = 1 / e.factor[q]
		e.share[q] = float64((1 - e.passing) * e.inverse[q])
	}
	return e
}

// through is the factor of an edge at a point, and the share of what comes through
// it that is its feature's, where the row passed the edge before, if there is any.
func (b *builder) through(state uint8, q int, e, before *edge) (factor, share float64) {
	switch state {
	case lost:
		return e.ratio, 0
	case passed:
		factor, share = e.factor[q], e.share[q]
	default:
		factor, share = float64(e.passing*b.opposite[q]), b.missed[q]
	}
	if before != nil {
		factor = float64(factor * before.inverse[q])
		share -= before.share[q]
	}
	return factor, share
}

// add adds the split at a node, to which an edge leads, and all below it; s has
// what the split above knows.
func (b *builder) add(node int32, s step, to, beforeTo *edge) {
	t, f := b.tree, b.tree.Feature[node]
	to.level = int(s.level)
	b.levels = max(b.levels, int(s.level))
	s.threshold, s.feature, s.table, s.split = t.Threshold[node], int64(f), int64(len(b.tables)), b.splits
	if t.MissingLeft[node] {
		s.missing = 0xff
	}
	b.splits++
	if t.Categories != nil {
		b.categories = append(b.categories, t.Categories[node])
		s.category = t.Categories[node] != nil
	}
	before := b.last[f]
	if before != nil {
		s.before = int64(before.level)
	}
	b.tables = append(b.tables, table{}, table{})
	for state := range uint8(3) {
		for q := range four {
			factor, share := 1.0, 0.0 // of the root, to which all rows come
			if node > 0 {
				factor, share = b.through(state, q, to, beforeTo)
			}
			b.tables[s.table][at(state, q)], b.tables[s.table+1][at(state, q)] = factor, share
		}
	}
	children := [2]int32{t.Left[node], t.Right[node]}
	var edges [2]*edge
	for k, child := range children {
		ratio := 0.5 // where no training row came: one side is as likely as the other
		if t.Cover[node] > 0 {
			ratio = t.Cover[child] / t.Cover[node]
		}
		edges[k] = b.edge(ratio, before)
		if t.Feature[child] < 0 {
			if s.leaves++; s.leaves == 1 {
				b.tables = b.tables[:len(b.tables)+2*b.width]
				clear(b.tables[s.table+2:])
			}
			b.addLeaf(b.tables[s.table+2:], uint8(toRight*k), edges[k], before, t.Value[int(child)*b.values:][:b.width])
		}
	}
	s.enter, s.leave = true, s.leaves == 2
	b.steps = append(b.steps, s)
	if s.leave {
		return
	}
	for k, child := range children {
		if t.Feature[child] >= 0 {
			b.last[f] = edges[k]
			b.add(child, step{above: int64(f), level: s.level + 1, side: uint8(toRight * k)}, edges[k], before)
		}
	}
	b.last[f] = before
	s.enter, s.leave = false, true
	b.steps = append(b.steps, s)
}

// addLeaf adds a leaf to the tables of its split.
func (b *builder) addLeaf(to []table, side uint8, e, before *edge, values []float64) {
	for goes := range uint8(3) {
		state := edgeState[side+goes]
		for q := range four {
			factor, share := b.through(state, q, e, before)
			for k, v := range values {
				to[2*k][at(goes, q)] += float64(v * factor)
				to[2*k+1][at(goes, q)] += float64(float64(v*factor) * share)
			}
		}
	}
}

// edgeState is what a row has done on the edge to a left child, from 0, or a right
// one, from toRight, by what it does at the split.
var edgeState = [8]uint8{passed, missed, lost, 0, missed, passed, lost}

const toRight = 4

// goesState is what a row does at a split, by what it has done at the last edge of
// the same feature, twice, plus 1 where its value is that of the right.
var goesState = [8]uint8{2 * missed: goesNowhere, 2*missed + 1: goesNowhere, 2 * passed: goesLeft, 2*passed + 1: goesRight,
	2 * lost: goesNowhere, 2*lost + 1: goesNowhere}

// expect adds the mean of the leaves below a node, to which a share of the training
// rows comes, to out.
func expect(t *ensemble.Tree, node int32, share float64, out []float64) {
	if t.Feature[node] < 0 {
		for k, v := range t.Value[int(node)*len(out):][:len(out)] {
			out[k] += float64(v * share)
		}
		return
	}
	for _, child := range [2]int32{t.Left[node], t.Right[node]} {
		ratio := 0.5
		if t.Cover[node] > 0 {
			ratio = t.Cover[child] / t.Cover[node]
		}
		expect(t, child, float64(share*ratio), out)
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
