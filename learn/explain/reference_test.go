package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// numbers are those of a JSON list, in which null is NaN.
type numbers []float64

func (n *numbers) UnmarshalJSON(b []byte) error {
	var list []*float64
	err := json.Unmarshal(b, &list)
	for _, v := range list {
		if v == nil {
			*n = append(*n, math.NaN())
		} else {
			*n = append(*n, *v)
		}
	}
	return err
}

func (n numbers) matrix(features int) *learn.Matrix {
	x := &learn.Matrix{Rows: len(n) / features, Columns: make([][]float64, features)}
	for i, v := range n {
		x.Columns[i%features] = append(x.Columns[i%features], v)
	}
	return x
}

// The values are those of xgboost and shap, on their own models. testdata has the
// script that wrote them down.
func TestReference(t *testing.T) {
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                                                  string
		Trees                                                 []ensemble.Tree
		Outputs                                               int
		X, Background, Margins, Values, Against, Interactions numbers
		Within                                                float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			const features = 6
			e := &ensemble.Ensemble{Features: make([]string, features), Base: make([]float64, c.Outputs), Trees: c.Trees, Link: ensemble.Identity}
			if c.Background == nil {
				for k := range e.Base {
					e.Base[k] = 0.5 // xgboost's base_score
				}
			}
			x := c.X.matrix(features)
			trees, err := NewTrees(e)
			if err != nil {
				t.Fatal(err)
			}
			same := func(what string, got []float64, want numbers, within float64) {
				t.Helper()
				if len(got) != len(want) {
					t.Fatalf("%d %s, want %d", len(got), what, len(want))
				}
				for i := range got {
					near(t, fmt.Sprintf("%s %d", what, i), got[i], want[i], within)
				}
			}
			values, err := trees.Explain(ctx, x, nil)
			if err != nil {
				t.Fatal(err)
			}
			same("values", values.Added, c.Values, c.Within)
			var margins []float64
			for i := range x.Rows {
				for k := range c.Outputs {
					margins = append(margins, values.Margin(i, k))
				}
			}
			same("margins", margins, c.Margins, c.Within)
			interactions, err := trees.Interactions(ctx, x, nil)
			if err != nil {
				t.Fatal(err)
			}
			same("interactions", interactions.Added, c.Interactions, c.Within)
			if c.Against == nil {
				return
			}
			against, err := trees.Against(ctx, c.Background.matrix(features), x, nil)
			if err != nil {
				t.Fatal(err)
			}
			same("values against the background", against.Added, c.Against, 1e-7) // shap has weights of single precision there
		})
	}
}
