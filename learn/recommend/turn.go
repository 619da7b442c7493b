package recommend

import (
	"context"

	"github.com/runnel-dev/runnel/learn/neural/sgemm"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Turns are made in float32, as the package implicit makes them: what factors tell
// is far above its rounding, and half as much memory is gone through. Sums that could
// overflow or lose more are in float64.

// A side is the factors of all users or of all items: a row each, of step numbers,
// which are 0 behind the factors, and a row of 0 behind the last.
type side struct {
	rows, step int
	data       []float32
}

func newSide(factors []float64, f int) *side {
	s := &side{rows: len(factors) / f, step: sgemm.Padded(f)}
	s.data = make([]float32, (s.rows+1)*s.step)
	for i := range s.rows {
		for k, v := range factors[i*f:][:f] {
			s.data[i*s.step+k] = float32(v)
		}
	}
	return s
}

func (s *side) row(i int) []float32 { return s.data[i*s.step:][:s.step] }

// factors are those of all rows, without what fills them up.
func (s *side) factors(f int) []float64 {
	out := make([]float64, 0, s.rows*f)
	for i := range s.rows {
		for _, v := range s.row(i)[:f] {
			out = append(out, float64(v))
		}
	}
	return out
}

// fours are a history whose lists are filled up to a multiple of four, with the row
// of 0, and how much more each event counts than nothing.
type fours struct {
	start  []int
	others []int32
	more   []float32
}

func (a ALS) newFours(h *history, others int) *fours {
	q := &fours{start: []int{0}}
	for i := range len(h.start) - 1 {
		of, weights := h.of(i)
		for k, o := range of {
			q.others = append(q.others, o)
			q.more = append(q.more, float32(a.more(weights[k])))
		}
		for len(q.others)%4 > 0 {
			q.others, q.more = append(q.others, int32(others)), append(q.more, 0)
		}
		q.start = append(q.start, len(q.others))
	}
	return q
}

// turn improves the factors of one side by those of the other.
func (a ALS) turn(ctx context.Context, threads int, q *fours, fixed, free *side) error {
	gram, err := a.gram(ctx, threads, fixed)
	if err != nil {
		return err
	}
	const several = 64 // rows a task
	scratch := make([][]float32, threads)
	return parallel.Each(ctx, threads, (free.rows+several-1)/several, func(thread, task int) {
		if scratch[thread] == nil {
			scratch[thread] = make([]float32, 3*free.step)
		}
		for i := task * several; i < min((task+1)*several, free.rows); i++ {
			from, end := q.start[i], q.start[i+1]
			descend(gram, fixed.data, q.others[from:end], q.more[from:end], free.row(i), a.Steps, scratch[thread])
		}
	})
}

// gram is the sum of the products of all rows with themselves, and the penalty.
func (a ALS) gram(ctx context.Context, threads int, s *side) ([]float32, error) {
	n := s.step
	several := max(256, (s.rows+31)/32) // rows a part; the parts are added in their order
	parts := make([][]float32, (s.rows+several-1)/several)
	err := parallel.Each(ctx, threads, len(parts), func(_, part int) {
		parts[part] = make([]float32, n*n)
		rows := s.data[part*several*n : min((part+1)*several, s.rows)*n]
		sgemm.Add(sgemm.Rows{Data: parts[part], Step: n}, sgemm.Left{Data: rows, Row: 1, Column: n}, sgemm.Rows{Data: rows, Step: n}, n, n, len(rows)/n)
	})
	if err != nil {
		return nil, err
	}
	out := make([]float32, n*n)
	for i := range out {
		sum := 0.0
		for _, p := range parts {
			sum += float64(p[i])
		}
		if i%(n+1) == 0 {
			sum += min(a.L2, surest)
		}
		out[i] = float32(sum)
	}
	return out, nil
}

// descend is solve in float32.
func descend(gram, fixed []float32, others []int32, more, x []float32, steps int, scratch []float32) {
	n := len(x)
	r, p, ap := scratch[:n], scratch[n:2*n], scratch[2*n:3*n]
	through(gram, x, r)
	for k := range r {
		r[k] = -r[k]
	}
	gather(r, x, fixed, others, more, 1, -1)
	copy(p, r)
	before := squares(r, r)
	for range steps {
		if before < 1e-20 {
			return
		}
		through(gram, p, ap)
		gather(ap, p, fixed, others, more, 0, 1)
		by := float32(before / squares(p, ap))
		for k, v := range p {
			x[k] += float32(by * v)
			r[k] -= float32(by * ap[k])
		}
		now := squares(r, r)
		back := float32(now / before)
		for k, v := range r {
			p[k] = v + float32(back*p[k])
		}
		before = now
	}
}

// squares is the inner product, which is formed in float64.
func squares(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 { // rows are multiples of it
		s0 += float64(a[0]) * float64(b[0]) // exact
		s1 += float64(a[1]) * float64(b[1]) // exact
		s2 += float64(a[2]) * float64(b[2]) // exact
		s3 += float64(a[3]) * float64(b[3]) // exact
		a, b = a[4:], b[4:]
	}
	return (s0 + s1) + (s2 + s3)
}

// through multiplies a row with a matrix.
func through(m, row, out []float32) {
	if !throughFast(m, row, out) {
		throughPlain(m, row, out)
	}
}

func throughPlain(m, row, out []float32) {
	clear(out)
	for j, v := range row {
		for k, w := range m[j*len(out):][:len(out)] {
			out[k] += float32(v * w)
		}
	}
}

// gather adds to out each of the others' rows y, times plus (1 + more) + times more
// y p. The others are a multiple of four.
func gather(out, p, rows []float32, others []int32, more []float32, plus, times float32) {
	if !gatherFast(out, p, rows, others, more, plus, times) {
		gatherPlain(out, p, rows, others, more, plus, times)
	}
}

func gatherPlain(out, p, rows []float32, others []int32, more []float32, plus, times float32) {
	n := len(p)
	for ; len(others) >= 4 && len(more) >= 4; others, more = others[4:], more[4:] {
		var y [4][]float32
		var s [4]float32
		for i := range y {
			y[i] = rows[int(others[i])*n:][:n]
			c := more[i]
			s[i] = plus + float32(plus*c) + float32(float32(times*c)*inner(y[i], p))
		}
		y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
		for k := range out {
			out[k] += (float32(s[0]*y0[k]) + float32(s[1]*y1[k])) + (float32(s[2]*y2[k]) + float32(s[3]*y3[k]))
		}
	}
}

// inner is the inner product in sixteen lanes, which are added up by halves.
func inner(a, b []float32) float32 {
	var lanes [16]float32
	for ; len(a) >= 16 && len(b) >= 16; a, b = a[16:], b[16:] {
		for l := range lanes {
			lanes[l] += float32(a[l] * b[l])
		}
	}
	for half := 8; half > 0; half /= 2 {
		for l := range half {
			lanes[l] += lanes[l+half]
		}
	}
	return lanes[0]
}
