package linear

// Several scores a row: the kernels of kernel.go for all scores at once. Four
// columns are centered once and serve every score while they are in the cache;
// the bits are those of one score after the other.

type group [4][block]float64

// load centers four columns from j on, over the rows from start.
func (d *design) load(j, start, rows int, to *group) {
	for i := range to {
		x, c, out := d.columns[j+i][start:start+rows], d.center[j+i], to[i][:rows]
		for r, v := range x {
			out[r] = v - c
		}
	}
}

// scoresEach is scores for each run of v, which has the columns' factors and
// then the bias; z has one run of rows a score.
func (d *design) scoresEach(start, rows int, v, z []float64) {
	n := len(d.columns)
	whole := n &^ 3
	for k := 0; k*rows < len(z); k++ {
		z := z[k*rows : (k+1)*rows]
		for i := range z {
			z[i] = v[k*(n+1)+n]
		}
	}
	var g group
	for j := 0; j < whole; j += 4 {
		d.load(j, start, rows, &g)
		x0, x1, x2, x3 := g[0][:rows], g[1][:rows], g[2][:rows], g[3][:rows]
		for k := 0; k*rows < len(z); k++ {
			z, v := z[k*rows:(k+1)*rows], v[k*(n+1)+j:]
			v0, v1, v2, v3 := v[0], v[1], v[2], v[3]
			for i := range z {
				a := float64(v0*x0[i]) + float64(v1*x1[i])
				b := float64(v2*x2[i]) + float64(v3*x3[i])
				z[i] += a + b
			}
		}
	}
	for j := whole; j < n; j++ {
		x, c := d.columns[j][start:start+rows], d.center[j]
		for k := 0; k*rows < len(z); k++ {
			z, v := z[k*rows:(k+1)*rows], v[k*(n+1)+j]
			for i := range z {
				z[i] += float64(v * (x[i] - c))
			}
		}
	}
}

// gatherEach is gather for each run of r, into the runs of g, which leave one
// place after the columns.
func (d *design) gatherEach(start, rows int, r, to []float64) {
	n := len(d.columns)
	whole := n &^ 3
	var g group
	for j := 0; j < whole; j += 4 {
		d.load(j, start, rows, &g)
		x0, x1, x2, x3 := g[0][:rows], g[1][:rows], g[2][:rows], g[3][:rows]
		for k := 0; k*rows < len(r); k++ {
			var s0, s1, s2, s3 float64
			for i, r := range r[k*rows : (k+1)*rows] {
				s0 += float64(r * x0[i])
				s1 += float64(r * x1[i])
				s2 += float64(r * x2[i])
				s3 += float64(r * x3[i])
			}
			to := to[k*(n+1)+j:]
			to[0] += s0
			to[1] += s1
			to[2] += s2
			to[3] += s3
		}
	}
	for j := whole; j < n; j++ {
		x, c := d.columns[j][start:start+rows], d.center[j]
		for k := 0; k*rows < len(r); k++ {
			s := 0.0
			for i, r := range r[k*rows : (k+1)*rows] {
				s += float64(r * (x[i] - c))
			}
			to[k*(n+1)+j] += s
		}
	}
}
