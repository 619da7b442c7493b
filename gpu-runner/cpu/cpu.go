// Package cpu trains dense networks on processors, with Gorgonia's graphs and
// solver. Initial weights and the order of rows are drawn from the fit's seed, as
// Gorgonia's own are from the clock: the same fit gives the same bits.
package cpu

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A Network is a neural.Network that can be fitted.
type Network struct{ *neural.Network }

// Fit trains the network. The model is a *neural.Model.
func (n Network) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if opts == nil {
		opts = &learn.Options{}
	}
	m, err := n.fit(ctx, x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("neural network: %w", err)
	}
	return m, nil
}

func (n Network) fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*neural.Model, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	if err := learn.CheckFit(x, y, opts); err != nil {
		return nil, err
	}
	d, err := newData(x, y, opts.Weights)
	if err != nil {
		return nil, err
	}
	rng := splitmix.Stream(opts.Seed, 0)
	d.model.Activation = n.Activation
	d.model.Layers = layers(len(x.Columns), append(slices.Clone(n.Hidden), d.outputs), &rng)
	g, err := newGraph(d, min(n.Batch, len(d.rows)))
	if err != nil {
		return nil, err
	}
	defer g.machine.Close()
	if err := g.train(ctx, d, n.Network, &rng, opts.Progress); err != nil {
		return nil, err
	}
	for _, l := range d.model.Layers {
		for _, v := range append(slices.Clone(l.Weights), l.Bias...) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errors.New("its weights grew without bound: lower learning_rate_init, or cap the features")
			}
		}
	}
	return d.model, nil
}

// layers draws initial weights (Glorot and Bengio, 2010).
func layers(inputs int, units []int, rng *splitmix.Source) []neural.Layer {
	var out []neural.Layer
	for _, n := range units {
		l := neural.Layer{Units: n, Weights: make([]float64, inputs*n), Bias: make([]float64, n)}
		bound := math.Sqrt(6 / float64(inputs+n))
		for i := range l.Weights {
			l.Weights[i] = bound * (2*rng.Unit() - 1)
		}
		out, inputs = append(out, l), n
	}
	return out
}

// A graph is the network's computation for one batch.
type graph struct {
	batch         int
	x, y, weight  *gorgonia.Node // a row of the batch each
	parameters    gorgonia.Nodes
	machine       gorgonia.VM
	features, out int
}

// newGraph builds the loss of a batch: weighted cross entropy, or half the
// weighted squared error. The layers' weights are the nodes' values.
func newGraph(d *data, batch int) (*graph, error) {
	g := gorgonia.NewGraph()
	b := &graph{batch: batch, features: len(d.model.Mean), out: d.outputs}
	matrix := func(name string, rows, columns int, opts ...gorgonia.NodeConsOpt) *gorgonia.Node {
		return gorgonia.NewMatrix(g, tensor.Float64, append(opts, gorgonia.WithShape(rows, columns), gorgonia.WithName(name))...)
	}
	var failed error
	try := func(n *gorgonia.Node, err error) *gorgonia.Node {
		failed = errors.Join(failed, err)
		return n
	}
	b.x, b.y, b.weight = matrix("x", batch, b.features), matrix("y", batch, b.out), matrix("weight", batch, 1)
	h := b.x
	for i, l := range d.model.Layers {
		inputs := len(l.Weights) / l.Units
		w := matrix(fmt.Sprint("w", i), inputs, l.Units, gorgonia.WithValue(dense(l.Weights, inputs, l.Units)))
		bias := matrix(fmt.Sprint("b", i), 1, l.Units, gorgonia.WithValue(dense(l.Bias, 1, l.Units)))
		b.parameters = append(b.parameters, w, bias)
		if h = try(gorgonia.Mul(h, w)); failed != nil {
			return nil, failed
		}
		if h = try(gorgonia.BroadcastAdd(h, bias, nil, []byte{0})); failed != nil {
			return nil, failed
		}
		switch {
		case i == len(d.model.Layers)-1:
		case d.model.Activation == "tanh":
			h = try(gorgonia.Tanh(h))
		default:
			h = try(gorgonia.Rectify(h))
		}
	}
	var each *gorgonia.Node // the loss of each output of each row
	if d.model.Task == learn.Classification {
		least := gorgonia.NewConstant(1e-300) // the logarithm of a vanished probability is finite
		p := try(gorgonia.Add(try(gorgonia.SoftMax(h, 1)), least))
		each = try(gorgonia.Neg(try(gorgonia.HadamardProd(b.y, try(gorgonia.Log(p))))))
	} else {
		each = try(gorgonia.Square(try(gorgonia.Sub(h, b.y))))
	}
	loss := try(gorgonia.Sum(try(gorgonia.BroadcastHadamardProd(each, b.weight, nil, []byte{1}))))
	if failed == nil {
		_, failed = gorgonia.Grad(loss, b.parameters...)
	}
	if failed != nil {
		return nil, failed
	}
	b.machine = gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(b.parameters...))
	return b, nil
}

func dense(backing []float64, rows, columns int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(backing))
}

// train goes over the rows, shuffled anew for each pass. The last batch of a pass
// is filled up with its first rows.
func (g *graph) train(ctx context.Context, d *data, n *neural.Network, rng *splitmix.Source, progress func(done, total int)) error {
	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(n.Rate))
	x, y, weight := make([]float64, g.batch*g.features), make([]float64, g.batch*g.out), make([]float64, g.batch)
	for _, in := range []struct {
		node  *gorgonia.Node
		value *tensor.Dense
	}{{g.x, dense(x, g.batch, g.features)}, {g.y, dense(y, g.batch, g.out)}, {g.weight, dense(weight, g.batch, 1)}} {
		if err := gorgonia.Let(in.node, in.value); err != nil {
			return err
		}
	}
	rows := slices.Clone(d.rows)
	for epoch := range n.Epochs {
		for i := len(rows) - 1; i > 0; i-- {
			j := int(rng.Below(uint32(i + 1)))
			rows[i], rows[j] = rows[j], rows[i]
		}
		for from := 0; from < len(rows); from += g.batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i := range g.batch {
				d.read(rows[(from+i)%len(rows)], x[i*g.features:(i+1)*g.features], y[i*g.out:(i+1)*g.out], &weight[i])
				weight[i] /= float64(g.batch)
			}
			if err := g.machine.RunAll(); err != nil {
				return fmt.Errorf("pass %d: %w", epoch+1, err)
			}
			if err := solver.Step(gorgonia.NodesToValueGrads(g.parameters)); err != nil {
				return fmt.Errorf("pass %d: %w", epoch+1, err)
			}
			g.machine.Reset()
		}
		if progress != nil {
			progress(epoch+1, n.Epochs)
		}
	}
	return nil
}
