package explain

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// The values of a linear score are those of the definition, where the value of a
// set of features is the score with the others at their means.
func TestLinear(t *testing.T) {
	background := &learn.Matrix{Names: []string{"a", "b", "c"}, Rows: 3, Columns: [][]float64{{1, 2, 3}, {0, math.NaN(), 4}, {5, 5, 5}}}
	x := &learn.Matrix{Names: background.Names, Rows: 2, Columns: [][]float64{{0, 9}, {1, -1}, {5, 7}}}
	means, coefficients, intercepts := []float64{2, 2, 5}, [][]float64{{1, -2, 3}, {0, 1, 0.5}}, []float64{10, -1}
	v, err := Linear(coefficients, intercepts, background, x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Rows {
		base, want := shapley(3, 2, func(set uint) []float64 {
			out := append([]float64(nil), intercepts...)
			for k := range out {
				for j := range means {
					value := means[j]
					if set>>j&1 == 1 {
						value = x.Columns[j][i]
					}
					out[k] += coefficients[k][j] * value
				}
			}
			return out
		})
		for k := range want {
			near(t, "the base", v.Base[k], base[k], 1e-12)
			for j := range means {
				near(t, fmt.Sprintf("row %d, output %d, feature %d", i, k, j), v.Of(i, k)[j], want[k][j], 1e-12)
			}
		}
	}
}

func TestLinearRefuses(t *testing.T) {
	x := &learn.Matrix{Names: []string{"a"}, Rows: 1, Columns: [][]float64{{math.NaN()}}}
	two := &learn.Matrix{Rows: 1, Columns: [][]float64{{1}, {1}}}
	for want, err := range map[string]error{
		"no background row has a value of feature \"a\"": second(Linear([][]float64{{1}}, []float64{0}, x, x)),
		"2 features":  second(Linear([][]float64{{1}}, []float64{0}, two, x)),
		"0 intercept": second(Linear([][]float64{{1}}, nil, x, x)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Values of features that belong together add up.
func TestGrouped(t *testing.T) {
	v := &Values{Features: []string{"a=1", "b", "a=2"}, Rows: 1, Base: []float64{1, 2}, Added: []float64{1, 2, 3, -1, 0, 4}}
	g, err := v.Grouped([]string{"a", "b"}, []int{0, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range [][]float64{{4, 2}, {3, 0}} {
		if got := g.Of(0, k); got[0] != want[0] || got[1] != want[1] || g.Margin(0, k) != v.Margin(0, k) {
			t.Errorf("output %d: %v, want %v", k, got, want)
		}
	}
	for _, of := range [][]int{{0}, {0, 2, 0}, {0, -1, 0}} {
		if _, err := v.Grouped([]string{"a", "b"}, of); err == nil {
			t.Errorf("%v is no grouping of three features into two", of)
		}
	}
	if got := Order(v.Importances(0)); got[0] != 2 || got[2] != 0 {
		t.Errorf("the order is %v", got)
	}
}
