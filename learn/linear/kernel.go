package linear

import "github.com/runnel-dev/runnel/learn/vector"

// block is the number of rows worked on at a time: what a pass over the columns
// touches twice stays in the cache.
const block = 512

// scores sets z[i] to bias + the sum of v[j] * (x[j][start+i] - center[j]).
func (d *design) scores(start int, v []float64, bias float64, z []float64) {
	for i := range z {
		z[i] = bias
	}
	for j := 0; j < len(d.columns); j += 4 {
		var of [4]float64
		copy(of[:], v[j:len(d.columns)])
		vector.NewFour(d.columns, d.center, j, start, start+len(z)).Add(z, &of)
	}
}

// gather adds to g[j] the sum of r[i] * (x[j][start+i] - center[j]).
func (d *design) gather(start int, r, g []float64) {
	for j := 0; j < len(d.columns); j += 4 {
		s := vector.NewFour(d.columns, d.center, j, start, start+len(r)).Inner(r)
		vector.Add(g[j:min(j+4, len(d.columns))], 1, s[:])
	}
}
