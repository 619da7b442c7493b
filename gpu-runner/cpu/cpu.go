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
	if err := n.Suits(); err != nil {
		return nil, err
	}
	d, err := neural.NewProblem(x, y, opts.Weights)
	if err != nil {
		return nil, err
	}
	rng := splitmix.Stream(opts.Seed, 0)
	if err := d.Begin(n.Network, &rng); err != nil {
		return nil, err
	}
	g, err := newGraph(d, min(n.Batch, len(d.Rows)))
	if err != nil {
		return nil, err
	}
	defer g.machine.Close()
	if err := g.train(ctx, d, n.Network, &rng, opts.Progress); err != nil {
		return nil, err
	}
	for i := range d.Model.Layers {
		l := &d.Model.Layers[i]
		for k, to := range [][]float32{l.Weights, l.Bias} {
			for j, v := range g.parameters[2*i+k].Value().Data().([]float64) {
				if !(math.Abs(v) < math.MaxFloat32/2) {
					return nil, errors.New("its weights grew without bound: lower learning_rate_init, or cap the features")
				}
				to[j] = float32(v)
			}
		}
	}
	return d.Model, nil
}

// Suits reports parameters that these graphs are not built for: neural.Network
// itself fits them.
func (n Network) Suits() error {
	for _, p := range []struct {
		name  string
		asked bool
	}{
		{"activation gelu", n.Activation == "gelu"},
		{"dropout", n.Dropout > 0},
		{"batch_norm", n.BatchNorm},
		{"solver sgd", n.Solver == "sgd"},
		{"weight_decay", n.Decay > 0},
		{"learning_rate but constant", n.Schedule != "constant"},
		{"early_stopping", n.EarlyStopping},
	} {
		if p.asked {
			return fmt.Errorf("the engine gorgonia has no %s: leave it out, or take the engine learn", p.name)
		}
	}
	return nil
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
func newGraph(d *neural.Problem, batch int) (*graph, error) {
	g := gorgonia.NewGraph()
	b := &graph{batch: batch, features: len(d.Model.Mean), out: d.Outputs}
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
	for i, l := range d.Model.Layers {
		inputs := len(l.Weights) / l.Units
		w := matrix(fmt.Sprint("w", i), inputs, l.Units, gorgonia.WithValue(dense(wide(l.Weights), inputs, l.Units)))
		bias := matrix(fmt.Sprint("b", i), 1, l.Units, gorgonia.WithValue(dense(wide(l.Bias), 1, l.Units)))
		b.parameters = append(b.parameters, w, bias)
		if h = try(gorgonia.Mul(h, w)); failed != nil {
			return nil, failed
		}
		if h = try(gorgonia.BroadcastAdd(h, bias, nil, []byte{0})); failed != nil {
			return nil, failed
		}
		switch {
		case i == len(d.Model.Layers)-1:
		case d.Model.Activation == "tanh":
			h = try(gorgonia.Tanh(h))
		default:
			h = try(gorgonia.Rectify(h))
		}
	}
	var each *gorgonia.Node // the loss of each output of each row
	if d.Model.Task == learn.Classification {
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

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, v := range v {
		out[i] = float64(v)
	}
	return out
}

func dense(backing []float64, rows, columns int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(backing))
}

// train goes over the rows, shuffled anew for each pass. The last batch of a pass
// is filled up with its first rows.
func (g *graph) train(ctx context.Context, d *neural.Problem, n *neural.Network, rng *splitmix.Source, progress func(done, total int)) error {
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
	rows := slices.Clone(d.Rows)
	for epoch := range n.Epochs {
		neural.Shuffle(rows, rng)
		for from := 0; from < len(rows); from += g.batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i := range g.batch {
				row, out := rows[(from+i)%len(rows)], y[i*g.out:(i+1)*g.out]
				d.Features(row, x[i*g.features:(i+1)*g.features])
				weight[i] = d.Weight(row) / float64(g.batch)
				if d.Model.Task == learn.Classification {
					clear(out)
					out[d.Unit(row)] = 1
				} else {
					out[0], weight[i] = d.Value(row), weight[i]/2
				}
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
