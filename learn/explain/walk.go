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
	switch {
	case p.lanes == 4 && p.width == 1:
		w.descend4(p, row)
		w.ascend41(p, out)
	default:
		w.descend(p, row)
		w.ascend(p, len(row), out)
	}
}

// step says what a row does at split i, and sets the state of the edge to it.
func (w *walk) step(p *paths, i int, row []float64) {
	s := &p.splits[i]
	if s.parent >= 0 {
		w.edges[i] = edgeState[s.side][w.goes[s.parent]]
	}
	if s.before >= 0 && w.edges[s.before] != passed {
		w.goes[i] = goesNowhere
		return
	}
	w.goes[i] = uint8(s.at(row[s.feature]))
}

// descend makes the product of factors down to each split.
func (w *walk) descend(p *paths, row []float64) {
	n := p.lanes
	copy(w.down, p.weights)
	for i := range p.splits {
		w.step(p, i, row)
		if i == 0 {
			continue
		}
		factor := p.factor[(3*i+int(w.edges[i]))*n:][:n]
		above, here := w.down[int(p.splits[i].parent)*n:][:n], w.down[i*n:][:n]
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
		if s.leaves {
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
	w.step(p, 0, row)
	for i := 1; i < len(p.splits); i++ {
		w.step(p, i, row)
		f := (*four)(p.factor[(3*i+int(w.edges[i]))*4:])
		above, here := (*four)(w.down[int(p.splits[i].parent)*4:]), (*four)(w.down[i*4:])
		here[0] = above[0] * f[0]
		here[1] = above[1] * f[1]
		here[2] = above[2] * f[2]
		here[3] = above[3] * f[3]
	}
}

// ascend41 is ascend for four points and one output.
func (w *walk) ascend41(p *paths, out []float64) {
	up := w.up[:len(p.splits)*4]
	clear(up)
	for i := len(p.splits) - 1; i >= 0; i-- {
		s := &p.splits[i]
		here := (*four)(up[i*4:])
		if s.leaves {
			d, at := (*four)(w.down[i*4:]), (3*i+int(w.goes[i]))*4
			leaf, share := (*four)(p.leaf[at:]), (*four)(p.leafShare[at:])
			here[0] += float64(d[0] * leaf[0])
			here[1] += float64(d[1] * leaf[1])
			here[2] += float64(d[2] * leaf[2])
			here[3] += float64(d[3] * leaf[3])
			out[s.feature] += float64(d[0]*share[0]) + float64(d[1]*share[1]) + float64(d[2]*share[2]) + float64(d[3]*share[3])
		}
		if i == 0 {
			return
		}
		above, f := (*four)(up[int(s.parent)*4:]), (*four)(p.share[(3*i+int(w.edges[i]))*4:])
		out[p.splits[s.parent].feature] += float64(f[0]*here[0]) + float64(f[1]*here[1]) + float64(f[2]*here[2]) + float64(f[3]*here[3])
		above[0] += here[0]
		above[1] += here[1]
		above[2] += here[2]
		above[3] += here[3]
	}
}
