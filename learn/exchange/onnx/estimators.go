package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/bayes"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/neighbors"
	"github.com/runnel-dev/runnel/learn/neural"
)

func sortedKeys(m attributes) []string { return slices.Sorted(maps.Keys(m)) }

// A said is what an estimator says: rows x classes, or rows x 1.
type said struct {
	value string
	kind  onnxpb.TensorProto_DataType
}

// double is what an estimator says in double.
func (w *writer) double(s said) string {
	if s.kind == double {
		return s.value
	}
	return w.op("Cast", attributes{"to": int(double)}, s.value)
}

// estimator writes an estimator of n features, x of rows x n.
func (w *writer) estimator(x string, n int, of learn.Model) (said, error) {
	switch m := of.(type) {
	case ensemble.Opener:
		return w.trees(x, n, m.Ensemble())
	case *linear.Model:
		return w.linear(x, m)
	case *neural.Model:
		return w.network(x, m)
	case *combine.Model:
		return w.combined(x, n, m)
	case *calibrate.Model:
		return w.calibrated(x, n, m)
	case *bayes.Model:
		return w.bayes(x, m)
	case *cluster.Clusters:
		far, _ := w.distances(x, m.Centers)
		return said{far, double}, nil
	case *baseline.Model:
		return w.constantly(x, n, m.Predict(&learn.Matrix{Rows: 1}))
	}
	kind := of.State().Kind
	if kind == neighbors.Kind {
		return said{}, fmt.Errorf("the estimator is %s: which training rows are nearest to a row that is as far from several hangs on the last bit of a sum, so that ONNX Runtime would choose others. Train another estimator, or keep the model as it is and use runnel predict", kind)
	}
	return said{}, fmt.Errorf("the estimator is %s: sums of trees, linear models, dense networks, naive Bayes, k-means, votes and stackings of these, and any of them calibrated, are written", kind)
}

// classification reports whether classes are told apart.
func (w *writer) classification() bool { return w.model.Task == learn.Classification }

// linear writes a linear model. The score of the first of two classes is 0.
func (w *writer) linear(x string, m *linear.Model) (said, error) {
	coefficients, intercepts := m.Coefficients(), m.Intercepts()
	if !w.classification() {
		return said{w.op("Identity", nil, w.dense(x, coefficients, intercepts)), double}, nil
	}
	seen := m.Seen()
	switch {
	case m.Kind() == linear.KindSGD && (len(seen) > 2 || len(seen) == 2 && m.Loss() != "log_loss"):
		return w.against(x, m), nil
	case len(seen) == 2:
		coefficients, intercepts = [][]float64{make([]float64, len(coefficients[0])), coefficients[0]}, []float64{0, intercepts[0]}
	}
	n := len(w.model.Classes)
	rows, scores := make([][]float64, n), make([]float64, n)
	for k := range rows {
		rows[k], scores[k] = make([]float64, len(coefficients[0])), impossible
	}
	for k, class := range seen {
		if scores[class] = 0; len(seen) > 1 {
			rows[class], scores[class] = coefficients[k], intercepts[k]
		}
	}
	return w.softmax(w.dense(x, rows, scores)), nil
}

// impossible is the score of a class that the fit had no rows of: its probability
// is 0.
const impossible = -1e30

// dense writes a row of weights for each output.
func (w *writer) dense(x string, weights [][]float64, bias []float64) string {
	n, units := len(weights[0]), len(weights)
	flat := make([]float64, n*units)
	for u, row := range weights {
		for i, v := range row {
			flat[i*units+u] = v
		}
	}
	return w.op("Gemm", nil, x, w.constant([]int64{int64(n), int64(units)}, flat), w.constant([]int64{int64(units)}, bias))
}

// softmax writes the probabilities of scores.
func (w *writer) softmax(scores string) said {
	return said{w.op("Softmax", attributes{"axis": 1}, scores), double}
}

// furthest is how many deviations a value may be from the mean for a network.
const furthest = 1e6

func doubles(v []float32) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = float64(v[i])
	}
	return out
}

// network writes a dense network, whose numbers are double here.
func (w *writer) network(x string, m *neural.Model) (said, error) {
	n := []int64{int64(len(m.Mean))}
	x = w.op("Div", nil, w.op("Sub", nil, x, w.constant(n, m.Mean)), w.constant(n, m.Scale))
	x = w.op("Clip", nil, x, w.constant([]int64{}, []float64{-furthest}), w.constant([]int64{}, []float64{furthest}))
	for l, layer := range m.Layers {
		inputs, units := len(layer.Weights)/layer.Units, layer.Units
		weights, bias := doubles(layer.Weights), doubles(layer.Bias)
		if l == len(m.Layers)-1 && m.Task == learn.Classification {
			weights, bias = ofClasses(weights, bias, m.Seen, len(w.model.Classes))
			units = len(bias)
		}
		x = w.op("Gemm", nil, x, w.constant([]int64{int64(inputs), int64(units)}, weights), w.constant([]int64{int64(units)}, bias))
		if l < len(m.Layers)-1 {
			switch m.Activation {
			case "relu":
				x = w.op("Relu", nil, x)
			case "tanh":
				x = w.op("Tanh", nil, x)
			case "gelu":
				x = w.gelu(x)
			default:
				return said{}, fmt.Errorf("the network's activation is %s: relu, tanh and gelu are written", m.Activation)
			}
		}
	}
	if m.Task == learn.Classification {
		return w.softmax(x), nil
	}
	return said{w.op("Add", nil, w.op("Mul", nil, x, w.number(m.Unit)), w.number(m.Offset)), double}, nil
}

// ofClasses is a last layer with a unit for each class, seen or not.
func ofClasses(weights, bias []float64, seen []int32, classes int) (allWeights, allBias []float64) {
	inputs := len(weights) / len(bias)
	allWeights, allBias = make([]float64, inputs*classes), make([]float64, classes)
	for k := range allBias {
		allBias[k] = impossible
	}
	for u, k := range seen {
		allBias[k] = bias[u]
		for i := range inputs {
			allWeights[i*classes+int(k)] = weights[i*len(bias)+u]
		}
	}
	return allWeights, allBias
}

// constantly writes the same for all rows: a tree of a leaf.
func (w *writer) constantly(x string, n int, says []float64) (said, error) {
	leaf := exchange.EmptyTree(-1, 0)
	leaf.Value = says
	return w.trees(x, n, &ensemble.Ensemble{Features: w.model.Features, Trees: []ensemble.Tree{leaf}, Base: make([]float64, len(says)), Link: ensemble.Identity})
}

// trees writes a sum of trees. Splits on categories look at one more feature,
// which is 0 for a category of their set and 1 for others.
func (w *writer) trees(x string, n int, e *ensemble.Ensemble) (said, error) {
	x, members, err := w.members(x, n, e)
	if err != nil {
		return said{}, err
	}
	// ONNX Runtime takes base_values of two classes for something else: what margins
	// begin with is in the leaves of the first trees.
	if e.Link != ensemble.Identity || len(e.Base) == 1 {
		rounds, err := exchange.Rounds(e)
		if err != nil {
			return said{}, err
		}
		all := make([]ensemble.Tree, len(rounds))
		for i, t := range rounds {
			all[i] = *t
		}
		e.Trees = all
	}
	t := &treeTable{at: map[string][]int64{}}
	for i := range e.Trees {
		if e.Trees[i].Output < 0 && e.Link == ensemble.Softmax {
			return said{}, fmt.Errorf("tree %d has a value for each class and log-odds", i)
		}
		t.add(i, &e.Trees[i], e, members)
	}
	attrs := attributes{"nodes_modes": t.modes, "nodes_values_as_tensor": tensor("nodes_values", []int64{int64(len(t.values))}, t.values)}
	for name, v := range t.at {
		attrs[name] = v
	}
	weights := tensor("weights", []int64{int64(len(t.weights))}, t.weights)
	of := "class"
	if !w.classification() {
		of = "target"
	}
	attrs[of+"_weights_as_tensor"] = weights
	for _, name := range []string{"ids", "nodeids", "treeids"} {
		attrs[of+"_"+name] = t.weight[name]
	}
	if !w.classification() {
		attrs["n_targets"] = 1
		value := w.node(mlDomain, "TreeEnsembleRegressor", attrs, []string{x})
		if e.Link == ensemble.Log {
			value = w.op("Exp", nil, value)
		}
		return said{value, onnxpb.TensorProto_FLOAT}, nil
	}
	if e.Link != ensemble.Identity {
		attrs["post_transform"] = "SOFTMAX"
	}
	_, name, values := labels(w.model)
	attrs[name] = values
	w.count++
	label := fmt.Sprintf("label_%d", w.count)
	p := fmt.Sprintf("probabilities_%d", w.count)
	w.node(mlDomain, "TreeEnsembleClassifier", attrs, []string{x}, label, p)
	return said{p, onnxpb.TensorProto_FLOAT}, nil
}

// A treeTable is the nodes of all trees, as attributes of a node of ONNX.
type treeTable struct {
	at      map[string][]int64
	modes   []string
	values  []float64
	weight  map[string][]int64
	weights []float64
}

func (t *treeTable) add(i int, tree *ensemble.Tree, e *ensemble.Ensemble, members map[[2]int]int) {
	put := func(name string, v int64) { t.at["nodes_"+name] = append(t.at["nodes_"+name], v) }
	if t.weight == nil {
		t.weight = map[string][]int64{}
	}
	weigh := func(node, output int, v float64) {
		t.weight["ids"] = append(t.weight["ids"], int64(output))
		t.weight["nodeids"] = append(t.weight["nodeids"], int64(node))
		t.weight["treeids"] = append(t.weight["treeids"], int64(i))
		t.weights = append(t.weights, v)
	}
	first := true
	for k, f := range tree.Feature {
		put("treeids", int64(i))
		put("nodeids", int64(k))
		mode, threshold, missing := "LEAF", 0.0, int64(0)
		if f >= 0 {
			mode, threshold = "BRANCH_LEQ", tree.Threshold[k]
			if math.IsInf(threshold, 1) {
				threshold = math.MaxFloat64
			}
			if at, ok := members[[2]int{i, k}]; ok {
				f, threshold = int32(at), .5
			}
			if tree.MissingLeft[k] {
				missing = 1
			}
			put("truenodeids", int64(tree.Left[k]))
			put("falsenodeids", int64(tree.Right[k]))
		} else {
			f = 0
			put("truenodeids", 0)
			put("falsenodeids", 0)
			switch {
			case tree.Output < 0:
				for output := range e.Base {
					weigh(k, output, tree.Value[k*len(e.Base)+output])
				}
			case e.Link == ensemble.Logistic:
				if first { // both classes have to be there
					weigh(k, 0, 0)
				}
				weigh(k, 1, tree.Value[k])
			default:
				weigh(k, tree.Output, tree.Value[k])
			}
			first = false
		}
		put("featureids", int64(f))
		put("missing_value_tracks_true", missing)
		t.modes, t.values = append(t.modes, mode), append(t.values, threshold)
	}
}

// members adds a feature for each set of categories that a split has, and says
// which split, by tree and node, looks at which.
func (w *writer) members(x string, n int, e *ensemble.Ensemble) (string, map[[2]int]int, error) {
	at, known := map[[2]int]int{}, map[string]int{}
	all := []string{x}
	codes := map[int32]string{}
	for i, t := range e.Trees {
		for k, set := range t.Categories {
			if set == nil {
				continue
			}
			key := fmt.Sprint(t.Feature[k], set)
			if _, ok := known[key]; !ok {
				known[key] = n + len(all) - 1
				all = append(all, w.member(x, t.Feature[k], set, codes))
			}
			at[[2]int{i, k}] = known[key]
		}
	}
	if len(all) > exchange.MaxFeatures {
		return "", nil, fmt.Errorf("its splits are on %d sets of categories: too many for ONNX", len(all)-1)
	}
	if len(all) > 1 {
		x = w.op("Concat", attributes{"axis": 1}, all...)
	}
	return x, at, nil
}

// widest is how many words a set of categories has at most.
const widest = 1 << 10

// member is 0 where a feature is in the set, NaN where it is missing, else 1.
func (w *writer) member(x string, feature int32, set []uint64, codes map[int32]string) string {
	const size = 64 * widest
	code, ok := codes[feature]
	if !ok {
		v := w.op("Gather", attributes{"axis": 1}, x, w.constant([]int64{1}, []int64{int64(feature)}))
		code = w.op("Where", nil, w.op("Less", nil, v, w.number(0)), w.number(size), v)
		code = w.op("Where", nil, w.op("IsNaN", nil, v), w.number(-1), code)
		codes[feature] = code
	}
	set = set[:min(len(set), widest)]
	lookup := make([]float64, 64*len(set)+2)
	for c := range lookup {
		lookup[c] = 1
	}
	for c := range 64 * len(set) {
		if set[c/64]>>(c%64)&1 == 1 {
			lookup[c] = 0
		}
	}
	last := len(lookup) - 2 // of all numbers above; -1, the last of all, is of missing ones
	lookup[last+1] = math.NaN()
	at := w.op("Clip", nil, code, w.constant([]int64{}, []float64{-1}), w.constant([]int64{}, []float64{float64(last)}))
	at = w.op("Cast", attributes{"to": int(onnxpb.TensorProto_INT64)}, at)
	values := w.op("Gather", attributes{"axis": 0}, w.constant([]int64{int64(last + 2)}, lookup), at)
	return w.op("Reshape", nil, values, w.constant([]int64{2}, []int64{-1, 1}))
}
