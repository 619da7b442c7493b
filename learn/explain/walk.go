package explain

// A walk has what one goroutine needs to take rows through trees.
type walk struct {
	goes  []uint8 // what the row does at each split
	edges []uint8 // the state of the edge to each split
	down  []float64
	up    []float64
}

func (w *walk) room(p *paths) {
	n := len(p.splits)
	if n > len(w.goes) {
		w.goes, w.edges = make([]uint8, n), make([]uint8, n)
	}
	if n*p.lanes > len(w.down) {
		w.down = make([]float64, n*p.lanes)
	}
	if n*p.lanes*p.width > len(w.up) {
		w.up = make([]float64, n*p.lanes*p.width)
	}
}

// explain adds to out, outputs x features, what the features of a row add to the tree.
func (w *walk) explain(p *paths, row, out []float64) {
	if len(p.splits) == 0 {
		return
	}
	w.room(p)
	out = out[p.first*len(row):]
	if p.lanes == 4 {
		w.descend4(p, row)
		w.ascend4(p, len(row), out)
		return
	}
	w.descend(p, row)
	w.ascend(p, len(row), out)
}

// step says what a row does at split i, and sets the state of the edge to it.
func (w *walk) step(p *paths, i int, s *split, x float64) {
	w.edges[i] = edgeState[(s.side+w.goes[s.parent])&7]
	if i == 0 {
		w.edges[0] = passed
	}
	right := uint8(0)
	if !(x <= s.threshold) {
		right = 1
	}
	if s.byCategory || x != x {
		var categories []uint64
		if s.byCategory {
			categories = p.categories[i]
		}
		if right = 1; goesLeftAt(s.threshold, s.missingLeft, categories, x) {
			right = 0
		}
	}
	w.goes[i] = goesState[(2*w.edges[s.before]+right)&7]
}

// descend makes the product of factors down to each split.
func (w *walk) descend(p *paths, row []float64) {
	n := p.lanes
	copy(w.down, p.weights)
	for i := range p.splits {
		s := &p.splits[i]
		w.step(p, i, s, row[s.feature])
		if i == 0 {
			continue
		}
		factor := p.factor[(3*i+int(w.edges[i]))*n:][:n]
		above, here := w.down[int(s.parent)*n:][:n], w.down[i*n:][:n]
		for q, f := range factor {
			here[q] = above[q] * f
		}
	}
}

// ascend adds the leaves up, and gives each feature its share at each edge.
func (w *walk) ascend(p *paths, features int, out []float64) {
	n, width := p.lanes, p.width
	up := w.up[:len(p.splits)*width*n]
	clear(up)
	for i := len(p.splits) - 1; i >= 0; i-- {
		s := &p.splits[i]
		here := up[i*width*n:][:width*n]
		if s.leaves > 0 {
			down, at := w.down[i*n:][:n], (3*i+int(w.goes[i]))*width*n
			leaf, share := p.leaf[at:][:width*n], p.leafShare[at:][:width*n]
			for k := range width {
				sum := 0.0
				for q, d := range down {
					here[k*n+q] += float64(d * leaf[k*n+q])
					sum += float64(d * share[k*n+q])
				}
				out[k*features+int(s.feature)] += sum
			}
		}
		if i == 0 {
			return
		}
		share := p.share[(3*i+int(w.edges[i]))*n:][:n]
		above, feature := up[int(s.parent)*width*n:][:width*n], int(p.splits[s.parent].feature)
		for k := range width {
			sum := 0.0
			for q, f := range share {
				v := here[k*n+q]
				sum += float64(f * v)
				above[k*n+q] += v
			}
			out[k*features+feature] += sum
		}
	}
}

type four = [4]float64

// descend4 is descend for four points.
func (w *walk) descend4(p *paths, row []float64) {
	copy(w.down, p.weights)
	n := len(p.splits)
	goes, edges, down := w.goes[:n], w.edges[:n], w.down[:4*n]
	w.step(p, 0, &p.splits[0], row[p.splits[0].feature])
	for i := 1; i < n; i++ {
		s := &p.splits[i]
		edge := edgeState[(s.side+goes[s.parent])&7]
		edges[i] = edge
		f := (*four)(p.factor[(3*i+int(edge))*4:])
		above, here := (*four)(down[int(s.parent)*4:]), (*four)(down[i*4:])
		here[0] = above[0] * f[0]
		here[1] = above[1] * f[1]
		here[2] = above[2] * f[2]
		here[3] = above[3] * f[3]
		x := row[s.feature]
		if s.byCategory || x != x {
			w.step(p, i, s, x)
			continue
		}
		right := uint8(0)
		if x > s.threshold {
			right = 1
		}
		goes[i] = goesState[(2*edges[s.before]+right)&7]
	}
}

// ascend4 is ascend for four points.
func (w *walk) ascend4(p *paths, features int, out []float64) {
	width := p.width
	up := w.up[:len(p.splits)*width*4]
	clear(up)
	for i := len(p.splits) - 1; i >= 0; i-- {
		s := &p.splits[i]
		here := up[i*width*4:][:width*4]
		above, f := up[int(s.parent)*width*4:][:width*4], (*four)(p.share[(3*i+int(w.edges[i]))*4:])
		f0, f1, f2, f3 := f[0], f[1], f[2], f[3]
		to := int(p.splits[s.parent].feature)
		if s.leaves > 0 {
			d, at := (*four)(w.down[i*4:]), (3*i+int(w.goes[i]))*width*4
			leaf, share := p.leaf[at:][:width*4], p.leafShare[at:][:width*4]
			d0, d1, d2, d3 := d[0], d[1], d[2], d[3]
			own := int(s.feature)
			if s.leaves == 2 && i > 0 { // nothing comes from below
				for q := 0; q+4 <= len(above); q += 4 {
					a, l, sh := (*four)(above[q:]), (*four)(leaf[q:]), (*four)(share[q:])
					h0, h1, h2, h3 := float64(d0*l[0]), float64(d1*l[1]), float64(d2*l[2]), float64(d3*l[3])
					a[0] += h0
					a[1] += h1
					a[2] += h2
					a[3] += h3
					out[own] += (float64(d0*sh[0]) + float64(d1*sh[1])) + (float64(d2*sh[2]) + float64(d3*sh[3]))
					out[to] += (float64(f0*h0) + float64(f1*h1)) + (float64(f2*h2) + float64(f3*h3))
					own += features
					to += features
				}
				continue
			}
			for q := 0; q+4 <= len(here); q += 4 {
				h, l, sh := (*four)(here[q:]), (*four)(leaf[q:]), (*four)(share[q:])
				h[0] += float64(d0 * l[0])
				h[1] += float64(d1 * l[1])
				h[2] += float64(d2 * l[2])
				h[3] += float64(d3 * l[3])
				out[own] += (float64(d0*sh[0]) + float64(d1*sh[1])) + (float64(d2*sh[2]) + float64(d3*sh[3]))
				own += features
			}
		}
		if i == 0 {
			return
		}
		for q := 0; q+4 <= len(above); q += 4 {
			h, a := (*four)(here[q:]), (*four)(above[q:])
			h0, h1, h2, h3 := h[0], h[1], h[2], h[3]
			a[0] += h0
			a[1] += h1
			a[2] += h2
			a[3] += h3
			out[to] += (float64(f0*h0) + float64(f1*h1)) + (float64(f2*h2) + float64(f3*h3))
			to += features
		}
	}
}
