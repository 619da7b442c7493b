package neighbors

import "math"

// nearest is a list of the k nearest rows so far, nearest first, of equals the
// lower row first.
type nearest struct {
	squared []float64
	rows    []int32
	k       int
	worst   float64 // what a row must be nearer than; infinite until there are k
}

func (n *nearest) reset(k int) {
	n.squared, n.rows, n.k, n.worst = n.squared[:0], n.rows[:0], k, math.Inf(1)
}

// insert adds a row that is nearer than worst, or as near and lower.
func (n *nearest) insert(d float64, row int32) {
	if len(n.rows) < n.k {
		n.squared, n.rows = append(n.squared, 0), append(n.rows, 0)
	}
	i := len(n.rows) - 1
	for ; i > 0 && (d < n.squared[i-1] || d == n.squared[i-1] && row < n.rows[i-1]); i-- {
		n.squared[i], n.rows[i] = n.squared[i-1], n.rows[i-1]
	}
	n.squared[i], n.rows[i] = d, row
	if len(n.rows) == n.k {
		n.worst = n.squared[n.k-1]
	}
}

// A tree halves the rows by the feature in which they are spread most, down to
// leaves (Bentley, "Multidimensional binary search trees used for associative
// searching", 1975). A node knows the box that holds its rows.
type tree struct {
	features int
	rows     []float64 // leaf after leaf
	names    []int32   // which row each of them is
	nodes    []node
	low      []float64 // of the boxes, features a node
	high     []float64
}

// A node has the rows from start to end. Its lower half is the node after it,
// its upper half is right; 0 makes it a leaf.
type node struct{ start, end, right int32 }

const leaf = 24 // rows

func newTree(rows []float64, features int) *tree {
	n := len(rows) / features
	t := &tree{features: features, rows: make([]float64, len(rows)), names: make([]int32, n)}
	for i := range t.names {
		t.names[i] = int32(i)
	}
	t.build(rows, 0, n)
	for i, r := range t.names {
		copy(t.rows[i*features:][:features], rows[int(r)*features:])
	}
	return t
}

func (t *tree) build(rows []float64, start, end int) {
	at, f := len(t.nodes), t.features
	t.nodes = append(t.nodes, node{start: int32(start), end: int32(end)})
	low, high := make([]float64, f), make([]float64, f)
	widest := 0
	for j := range f {
		low[j], high[j] = math.Inf(1), math.Inf(-1)
		for _, r := range t.names[start:end] {
			v := rows[int(r)*f+j]
			low[j], high[j] = min(low[j], v), max(high[j], v)
		}
		if high[j]-low[j] > high[widest]-low[widest] {
			widest = j
		}
	}
	t.low, t.high = append(t.low, low...), append(t.high, high...)
	if end-start <= leaf || !(high[widest] > low[widest]) {
		return
	}
	middle := (start + end) / 2
	divide(t.names[start:end], middle-start, func(a, b int32) bool {
		x, y := rows[int(a)*f+widest], rows[int(b)*f+widest]
		return x < y || x == y && a < b
	})
	t.build(rows, start, middle)
	t.nodes[at].right = int32(len(t.nodes))
	t.build(rows, middle, end)
}

// divide moves the n least of v to its beginning (Hoare's selection, the pivot
// the one in the middle of three).
func divide(v []int32, n int, less func(a, b int32) bool) {
	for len(v) > 1 {
		a, b, c := v[0], v[len(v)/2], v[len(v)-1]
		if less(b, a) {
			a, b = b, a
		}
		if less(c, b) {
			if b = c; less(b, a) {
				b = a
			}
		}
		i, j := 0, len(v)-1
		for i <= j {
			for less(v[i], b) {
				i++
			}
			for less(b, v[j]) {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			v = v[:j+1]
		case n >= i:
			v, n = v[i:], n-i
		default:
			return
		}
	}
}

// away is the squared distance from a box, never more than that from a row in
// it, also as rounded: the terms are no larger, and are added in the same order.
func (t *tree) away(row []float64, at int) float64 {
	sum := 0.0
	low, high := t.low[at*t.features:][:len(row)], t.high[at*t.features:][:len(row)]
	for j, v := range row {
		d := 0.0
		switch {
		case v < low[j]:
			d = low[j] - v
		case v > high[j]:
			d = v - high[j]
		}
		sum += float64(d * d)
	}
	return sum
}

// search fills the list with what is nearest to a row.
func (t *tree) search(row []float64, list *nearest) { t.visit(row, 0, t.away(row, 0), list) }

func (t *tree) visit(row []float64, at int, away float64, list *nearest) {
	if away > list.worst {
		return
	}
	n := t.nodes[at]
	if n.right == 0 {
		for i := int(n.start); i < int(n.end); i++ {
			sum := 0.0
			for j, v := range t.rows[i*t.features:][:len(row)] {
				d := row[j] - v
				sum += float64(d * d)
			}
			if full := len(list.rows) == list.k; sum < list.worst || full && sum == list.worst && t.names[i] < list.rows[list.k-1] {
				list.insert(sum, t.names[i])
			}
		}
		return
	}
	left, right := at+1, int(n.right)
	a, b := t.away(row, left), t.away(row, right)
	if b < a {
		left, right, a, b = right, left, b, a
	}
	t.visit(row, left, a, list)
	t.visit(row, right, b, list)
}
