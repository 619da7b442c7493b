package linear

import (
	"context"
	"sync"
	"sync/atomic"
)

// The kernels are where the time goes. Those below are written for a compiler
// without vectors: several columns at a time, so that each partial result is
// read and written once for four columns. Those that go over the data most often
// have a twin in assembly, of the same bits. Products are rounded before they are
// added (float64(x*y)), or the compiler would fuse the two on some processors
// and the bits would differ between them.

// lanes are sums of every eighth row.
type lanes [8]float64

// total adds the lanes up, as processors do with vectors.
func (s *lanes) total() float64 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// block is the number of rows worked on at a time: what a pass over the columns
// touches twice stays in the cache.
const block = 512

// parallel runs tasks on a number of threads, and stops when ctx ends. Which
// thread runs which task must not matter.
func parallel(ctx context.Context, threads, tasks int, do func(task int)) error {
	threads = min(threads, tasks)
	if threads <= 1 {
		for i := range tasks {
			if err := ctx.Err(); err != nil {
				return err
			}
			do(i)
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= tasks {
					return
				}
				do(i)
			}
		})
	}
	all.Wait()
	return ctx.Err()
}

// scores sets z[i] to bias + the sum of v[j] * (x[j][start+i] - center[j]).
func (d *design) scores(start int, v []float64, bias float64, z []float64) {
	for i := range z {
		z[i] = bias
	}
	end := start + len(z)
	j := 0
	for ; j+4 <= len(d.columns); j += 4 {
		x0, x1, x2, x3 := d.columns[j][start:end], d.columns[j+1][start:end], d.columns[j+2][start:end], d.columns[j+3][start:end]
		v0, v1, v2, v3 := v[j], v[j+1], v[j+2], v[j+3]
		c0, c1, c2, c3 := d.center[j], d.center[j+1], d.center[j+2], d.center[j+3]
		x0, x1, x2, x3 = x0[:len(z)], x1[:len(z)], x2[:len(z)], x3[:len(z)]
		for i := range z {
			a := float64(v0*(x0[i]-c0)) + float64(v1*(x1[i]-c1))
			b := float64(v2*(x2[i]-c2)) + float64(v3*(x3[i]-c3))
			z[i] += a + b
		}
	}
	for ; j < len(d.columns); j++ {
		x, v, c := d.columns[j][start:end], v[j], d.center[j]
		for i := range z {
			z[i] += float64(v * (x[i] - c))
		}
	}
}

// gather adds to g[j] the sum of r[i] * (x[j][start+i] - center[j]).
func (d *design) gather(start int, r, g []float64) {
	end := start + len(r)
	j := 0
	for ; j+4 <= len(d.columns); j += 4 {
		x0, x1, x2, x3 := d.columns[j][start:end], d.columns[j+1][start:end], d.columns[j+2][start:end], d.columns[j+3][start:end]
		c0, c1, c2, c3 := d.center[j], d.center[j+1], d.center[j+2], d.center[j+3]
		x0, x1, x2, x3 = x0[:len(r)], x1[:len(r)], x2[:len(r)], x3[:len(r)]
		var s0, s1, s2, s3 float64
		for i, r := range r {
			s0 += float64(r * (x0[i] - c0))
			s1 += float64(r * (x1[i] - c1))
			s2 += float64(r * (x2[i] - c2))
			s3 += float64(r * (x3[i] - c3))
		}
		g[j] += s0
		g[j+1] += s1
		g[j+2] += s2
		g[j+3] += s3
	}
	for ; j < len(d.columns); j++ {
		x, c, s := d.columns[j][start:end], d.center[j], 0.0
		for i, r := range r {
			s += float64(r * (x[i] - c))
		}
		g[j] += s
	}
}

// dot is the inner product of slices of equal length.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds s*x to y.
func axpy(s float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(s * v)
	}
}
