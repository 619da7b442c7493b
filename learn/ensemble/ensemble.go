// Package ensemble is the open form of a sum of decision trees: what explains,
// exchanges or compiles a model reads this, whichever estimator grew the trees.
// Its prediction is the plain one that faster ones are tested against.
package ensemble

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
)

// A Link turns margins, the sums of trees, into predictions.
type Link string

// The links.
const (
	Identity Link = "identity" // the prediction is the margin
	Logistic Link = "logistic" // one margin, the log-odds of the second of two classes
	Softmax  Link = "softmax"  // a margin a class
	Log      Link = "log"      // the prediction is e^margin
)

// An Ensemble is a sum of trees. A mean over trees is one, too: with leaves that
// are divided by the number of trees.
type Ensemble struct {
	Features []string
	Base     []float64 // the margins without any tree
	Trees    []Tree
	Link     Link
}

// A Tree is a binary decision tree, an entry a node; the root is node 0, and
// children come after their parents.
type Tree struct {
	Feature     []int32   // that a split looks at; -1 of a leaf
	Threshold   []float64 // x <= threshold goes left
	MissingLeft []bool    // where a missing value goes
	Left, Right []int32   // the children of a split
	// Categories holds, of a split on categories, those that go left: bit c of word
	// c/64 is category c, and what is no bit's goes right. It is nil of a split at a
	// threshold, and nil as a whole where no split is on categories.
	Categories [][]uint64
	Cover      []float64 // the weight of the training rows that came through a node
	Value      []float64 // len(Base) a node, or one where Output says whose; of splits 0
	Output     int       // the margin that Value adds to; -1: to all
}

// Outputs is the number of margins a row.
func (e *Ensemble) Outputs() int { return len(e.Base) }

// Leaf is the leaf that a row ends in.
func (t *Tree) Leaf(row []float64) int {
	at := 0
	for t.Feature[at] >= 0 {
		if t.goesLeft(at, row[t.Feature[at]]) {
			at = int(t.Left[at])
		} else {
			at = int(t.Right[at])
		}
	}
	return at
}

func (t *Tree) goesLeft(at int, x float64) bool {
	switch {
	case x != x:
		return t.MissingLeft[at]
	case t.Categories != nil && t.Categories[at] != nil:
		bits := t.Categories[at]
		return x >= 0 && x < float64(64*len(bits)) && bits[int(x)/64]>>(int(x)%64)&1 == 1
	}
	return x <= t.Threshold[at]
}

// Margins adds up the trees for one row.
func (e *Ensemble) Margins(row []float64) []float64 {
	out := append([]float64(nil), e.Base...)
	for i := range e.Trees {
		t := &e.Trees[i]
		leaf := t.Leaf(row)
		if t.Output >= 0 {
			out[t.Output] += t.Value[leaf]
			continue
		}
		for k := range out {
			out[k] += t.Value[leaf*len(out)+k]
		}
	}
	return out
}

// Predict turns the margins of a row into what a model predicts: probabilities
// of the classes, or a value. It may overwrite margins.
func (e *Ensemble) Predict(margins []float64) []float64 {
	switch e.Link {
	case Logistic:
		p := portable.Sigmoid(margins[0])
		return []float64{1 - p, p}
	case Softmax:
		portable.Softmax(margins)
	case Log:
		for k, v := range margins {
			margins[k] = portable.Exp(v)
		}
	}
	return margins
}

// Check reports what no prediction can be made with: lengths that differ,
// children that are not later nodes, features and outputs that do not exist; and
// what takes forever to go down: two ways to a node, more than Deepest splits on one.
func (e *Ensemble) Check() error {
	for i := range e.Trees {
		if err := e.Trees[i].check(len(e.Features), len(e.Base)); err != nil {
			return fmt.Errorf("tree %d: %w", i, err)
		}
	}
	switch {
	case len(e.Base) == 0:
		return fmt.Errorf("it has no outputs")
	case e.Link == Logistic && len(e.Base) != 1:
		return fmt.Errorf("its link is logistic, for one margin, and it has %d", len(e.Base))
	case e.Link == Softmax && len(e.Base) < 2:
		return fmt.Errorf("its link is softmax, for two margins or more, and it has one")
	case e.Link != Identity && e.Link != Logistic && e.Link != Softmax && e.Link != Log:
		return fmt.Errorf("its link is %q", e.Link)
	}
	return nil
}

func (t *Tree) check(features, outputs int) error {
	n, width := len(t.Feature), 1
	if t.Output < 0 {
		width = outputs
	}
	switch {
	case n == 0:
		return fmt.Errorf("it has no nodes")
	case len(t.Threshold) != n || len(t.MissingLeft) != n || len(t.Left) != n || len(t.Right) != n || len(t.Cover) != n || len(t.Value) != n*width ||
		t.Categories != nil && len(t.Categories) != n:
		return fmt.Errorf("its arrays are not as long as its %d nodes ask for", n)
	case t.Output >= outputs:
		return fmt.Errorf("it adds to output %d of %d", t.Output, outputs)
	}
	depth := make([]int32, n)
	for i, f := range t.Feature {
		if f < 0 {
			continue
		}
		if depth[i] >= Deepest {
			return fmt.Errorf("node %d is deeper than %d: train with a smaller max_depth", i, Deepest)
		}
		if int(f) >= features {
			return fmt.Errorf("node %d looks at feature %d of %d", i, f, features)
		}
		for _, child := range []int32{t.Left[i], t.Right[i]} {
			if int(child) <= i || int(child) >= n {
				return fmt.Errorf("node %d of %d has the child %d: children come after their parents", i, n, child)
			}
			if depth[child] > 0 {
				return fmt.Errorf("node %d leads to node %d, to which another leads, too", i, child)
			}
			depth[child] = depth[i] + 1
		}
		if math.IsNaN(t.Threshold[i]) && (t.Categories == nil || t.Categories[i] == nil) {
			return fmt.Errorf("node %d has no threshold", i)
		}
	}
	return nil
}

// An Opener is a model that can be seen as an ensemble.
type Opener interface {
	learn.Model
	Ensemble() *Ensemble
}
