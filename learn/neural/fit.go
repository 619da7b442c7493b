package neural

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Fit trains the network: cross entropy of classes, or half the squared error of
// values, by mini-batches. The model is a *Model. A class that no row is of gets the
// probability 0.
func (n *Network) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if opts == nil {
		opts = &learn.Options{}
	}
	m, err := fit[float32](ctx, n, x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("neural network: %w", err)
	}
	return m, nil
}

func fit[F float](ctx context.Context, n *Network, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	d, err := NewProblem(x, y, opts.Weights)
	if err != nil {
		return nil, err
	}
	random := splitmix.Stream(opts.Seed, 0)
	if err := d.Begin(n, &random); err != nil {
		return nil, err
	}
	t, err := newTrainer[F](ctx, n, d, opts)
	if err != nil {
		return nil, err
	}
	if err := t.train(ctx, &random, opts.Progress); err != nil {
		return nil, err
	}
	if !d.Model.finite() {
		return nil, errors.New("its weights grew without bound: lower learning_rate_init, or cap the features")
	}
	return d.Model, nil
}

// train goes over the rows, in a new order for each pass.
func (t *trainer[F]) train(ctx context.Context, random *splitmix.Source, progress func(done, total int)) error {
	n, d := t.n, t.d
	rows := slices.Clone(d.Rows)
	var held []int // on which the loss is watched
	if n.EarlyStopping && len(rows) > 1 {
		Shuffle(rows, random)
		k := min(max(1, int(n.Validation*float64(len(rows)))), len(rows)-1)
		held, rows = rows[:k], rows[k:]
		slices.Sort(held)
		slices.Sort(rows)
	}
	rates := newSchedule(n)
	best, waited, kept := math.Inf(1), 0, []Layer(nil)
	for epoch := range n.Epochs {
		Shuffle(rows, random)
		loss := 0.0
		for from := 0; from < len(rows); from += n.Batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			batch := rows[from:min(from+n.Batch, len(rows))]
			loss += t.step(batch, rates.rate())
		}
		loss /= float64(len(rows))
		if held != nil {
			t.fold()
			if loss = t.watch(held); loss < best-n.Tolerance {
				best, waited, kept = loss, 0, d.Model.Layers
			} else if waited++; waited >= n.Patience {
				break
			}
		}
		rates.next(loss)
		if progress != nil && epoch+1 < n.Epochs {
			progress(epoch+1, n.Epochs)
		}
	}
	if t.fold(); kept != nil {
		d.Model.Layers = kept
	}
	if progress != nil {
		progress(n.Epochs, n.Epochs)
	}
	return nil
}

// A trainer makes the steps of a fit. Each step has two parts, whose tasks are shared
// out among threads: first rows of the batch, forward and back, then rows of the
// weights, their gradient and their update. With normalisation over the batch, the
// first part is in parts itself, as the layers' units come between its rows.
type trainer[F float] struct {
	n       *Network
	d       *Problem
	all     matrix[F] // every row, standardised, with a last column of 1
	layers  []*layer[F]
	threads int
	tasks   []rowsOfWeights
	scratch [][]F // of each thread
	optimiser
	seed   uint64
	steps  int
	batch  []int // the rows of the step
	random []splitmix.Source
	losses []float64 // of each row of the batch
}

// rowsOfWeights are from from to before to, of a layer.
type rowsOfWeights struct{ layer, from, to int }

const (
	rowsAtOnce    = 32      // of a batch
	weightsAtOnce = 16      // rows of weights
	unitsAtOnce   = 32      // that are normalised
	tooFew        = 200_000 // products of a batch that are not worth a second thread
)

func newTrainer[F float](ctx context.Context, n *Network, d *Problem, opts *learn.Options) (*trainer[F], error) {
	t := &trainer[F]{n: n, d: d, threads: opts.ThreadCount(), seed: opts.Seed, optimiser: optimiser{n: n}}
	inputs := len(d.Model.Mean)
	t.all = newMatrix[F](d.x.Rows, inputs+1)
	t.each((d.x.Rows+blockRows-1)/blockRows, func(_, block int) {
		if ctx.Err() == nil {
			t.read(block*blockRows, min((block+1)*blockRows, d.x.Rows))
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	batch := min(n.Batch, len(d.Rows))
	in, products, widest := newMatrix[F](batch, inputs+1), 0, 0
	for k, l := range d.Model.Layers {
		hidden := k+1 < len(d.Model.Layers)
		to := newLayer(l, batch, hidden, in)
		to.first, to.second = newMatrix[F](to.inputs+1, l.Units), newMatrix[F](to.inputs+1, l.Units)
		if k > 0 {
			to.turned = newMatrix[F](l.Units, to.inputs)
			to.turn(0, to.inputs)
		}
		if hidden && n.BatchNorm {
			to.norm = newNorm[F](l.Units, batch)
		}
		for from := 0; from <= to.inputs; from += weightsAtOnce {
			t.tasks = append(t.tasks, rowsOfWeights{k, from, min(from+weightsAtOnce, (to.inputs+8)&^7)})
		}
		t.layers, in = append(t.layers, to), to.out
		products += batch * len(l.Weights)
		widest = max(widest, to.w.step)
	}
	if products < tooFew {
		t.threads = 1
	}
	for range t.threads {
		t.scratch = append(t.scratch, make([]F, weightsAtOnce*widest))
	}
	t.random, t.losses = make([]splitmix.Source, batch), make([]float64, batch)
	return t, nil
}

// read standardises some of the rows.
func (t *trainer[F]) read(from, to int) {
	m := t.d.Model
	for j, col := range t.d.x.Columns {
		mean, scale := m.Mean[j], m.Scale[j]
		for i, v := range col[from:to] {
			t.all.data[(from+i)*t.all.step+j] = F(near((v - mean) / scale))
		}
	}
	for i := from; i < to; i++ {
		t.all.row(i)[len(t.d.x.Columns)] = 1
	}
}

// each calls do for every task, on the threads. Which one does what must not matter.
func (t *trainer[F]) each(tasks int, do func(thread, task int)) {
	var next atomic.Int64
	work := func(thread int) {
		for {
			task := int(next.Add(1)) - 1
			if task >= tasks {
				return
			}
			do(thread, task)
		}
	}
	var others sync.WaitGroup
	for thread := 1; thread < min(t.threads, tasks); thread++ {
		others.Go(func() { work(thread) })
	}
	work(0)
	others.Wait()
}

// eachRows calls do for every few rows of the batch.
func (t *trainer[F]) eachRows(do func(from, to int)) {
	t.each((len(t.batch)+rowsAtOnce-1)/rowsAtOnce, func(_, task int) {
		do(task*rowsAtOnce, min((task+1)*rowsAtOnce, len(t.batch)))
	})
}

// step learns from a batch, and returns the sum of its rows' losses before.
func (t *trainer[F]) step(batch []int, rate float64) float64 {
	t.batch = batch
	t.begin(rate)
	if t.n.BatchNorm {
		t.inParts()
	} else {
		t.eachRows(func(from, to int) {
			t.gather(from, to)
			for k := range t.layers {
				t.layers[k].forward(from, to)
				t.activate(k, from, to)
			}
			t.loss(from, to)
			for k := len(t.layers) - 1; k > 0; k-- {
				t.layers[k].back(t.layers[k-1], from, to)
			}
		})
	}
	t.each(len(t.tasks), func(thread, task int) { t.learn(t.tasks[task], t.scratch[thread]) })
	t.steps++
	sum := 0.0
	for _, l := range t.losses[:len(batch)] {
		sum += l
	}
	return sum
}

// inParts goes forward and back with normalisation.
func (t *trainer[F]) inParts() {
	t.eachRows(t.gather)
	units := func(l *layer[F], do func(from, to int)) {
		t.each((l.units+unitsAtOnce-1)/unitsAtOnce, func(_, task int) {
			do(task*unitsAtOnce, min((task+1)*unitsAtOnce, l.units))
		})
	}
	rows := len(t.batch)
	for k, l := range t.layers {
		t.eachRows(l.forward)
		if l.norm != nil {
			units(l, func(from, to int) { l.norm.forward(l.z, rows, from, to) })
		}
		t.eachRows(func(from, to int) { t.activate(k, from, to) })
	}
	t.eachRows(t.loss)
	for k := len(t.layers) - 1; k > 0; k-- {
		below := t.layers[k-1]
		t.eachRows(func(from, to int) { t.layers[k].back(below, from, to) })
		if below.norm != nil {
			units(below, func(from, to int) {
				below.norm.back(below.delta, rows, from, to)
				t.learnNorm(below.norm, from, to)
			})
		}
	}
}

// gather copies rows of the batch to where the first layer finds them.
func (t *trainer[F]) gather(from, to int) {
	in := t.layers[0].in
	for i := from; i < to; i++ {
		copy(in.row(i), t.all.row(t.batch[i]))
		if t.n.Dropout > 0 {
			t.random[i] = splitmix.Stream(t.seed^0x64726f706f7574, t.steps*t.n.Batch+i)
		}
	}
}

func (t *trainer[F]) activate(k, from, to int) {
	if k < len(t.layers)-1 {
		t.layers[k].activate(from, to, t.n.Activation, t.n.Dropout, func(i int) *splitmix.Source { return &t.random[i] })
	}
}

// loss finds the losses of rows of the batch, and the last layer's delta: the
// derivative of their mean.
func (t *trainer[F]) loss(from, to int) {
	l := t.layers[len(t.layers)-1]
	p := make([]float64, l.units)
	for i := from; i < to; i++ {
		row := t.batch[i]
		weight := t.d.Weight(row)
		copyTo(p, l.z.row(i))
		t.losses[i] = weight * t.d.loss(row, p)
		weight /= float64(len(t.batch))
		for u, v := range p {
			l.delta.row(i)[u] = F(weight * v)
		}
	}
}

// loss is that of a row whose last layer gives z, which becomes its derivative.
func (d *Problem) loss(row int, z []float64) float64 {
	if d.y.Task == learn.Regression {
		z[0] -= d.Value(row)
		return 0.5 * z[0] * z[0]
	}
	unit := d.Unit(row)
	score := z[unit]
	all := portable.Softmax(z)
	z[unit]--
	return all - score
}

// learn finds the gradient of some rows of weights, and changes them by it.
func (t *trainer[F]) learn(r rowsOfWeights, scratch []F) {
	l := t.layers[r.layer]
	gradient := scratch[:(r.to-r.from)*l.w.step]
	clear(gradient)
	multiplyTurned(gradient, l.in, l.delta, r.from, r.to, len(t.batch))
	bias := min(max(l.inputs-r.from, 0), r.to-r.from) * l.w.step // what is before it decays
	w, first, second := l.w.rows(r.from, r.to), l.first.rows(r.from, r.to), l.second.rows(r.from, r.to)
	update(&t.optimiser, w[:bias], gradient[:bias], first[:bias], second[:bias], true)
	update(&t.optimiser, w[bias:], gradient[bias:], first[bias:], second[bias:], false)
	if l.turned.data != nil {
		l.turn(r.from, r.to)
	}
}

func (t *trainer[F]) learnNorm(n *norm[F], from, to int) {
	for k, w := range [][]F{n.gamma, n.beta} {
		gradient := [][]F{n.dGamma, n.dBeta}[k]
		update(&t.optimiser, w[from:to], gradient[from:to], n.first[k][from:to], n.second[k][from:to], false)
	}
}

// fold gives the model the weights as they are now.
func (t *trainer[F]) fold() {
	t.d.Model.Layers = nil
	for _, l := range t.layers {
		t.d.Model.Layers = append(t.d.Model.Layers, l.folded())
	}
}

// watch is the mean loss of rows that nothing is learnt from, as the model has it.
func (t *trainer[F]) watch(rows []int) float64 {
	s := newStack[F](t.n.Activation, t.d.Model.Layers)
	losses := make([]float64, len(rows))
	passes := make([]*pass[F], t.threads)
	t.each((len(rows)+blockRows-1)/blockRows, func(thread, block int) {
		p := passes[thread]
		if p == nil {
			p = s.pass(blockRows)
			passes[thread] = p
		}
		from := block * blockRows
		part := rows[from:min(from+blockRows, len(rows))]
		for i, row := range part {
			copy(p.in[0].row(i), t.all.row(row))
		}
		z := s.forward(p, len(part))
		one := make([]float64, t.d.Outputs)
		for i, row := range part {
			copyTo(one, z.row(i))
			losses[from+i] = t.d.Weight(row) * t.d.loss(row, one)
		}
	})
	sum := 0.0
	for _, l := range losses {
		sum += l
	}
	return sum / float64(len(rows))
}
