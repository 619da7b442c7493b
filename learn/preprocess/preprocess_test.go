package preprocess

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/table"
)

// everySpec is one or more specs of each kind, each of which fits any table of
// learntest.Table's columns.
func everySpec() []Spec {
	return []Spec{
		&Impute{}, &Impute{Numeric: "median", Categorical: "constant", Indicators: true},
		&Impute{Numeric: "mode", Categorical: "keep"}, &Impute{Numeric: "constant", Constant: -1},
		&Impute{Numeric: "knn", Neighbors: 2, Donors: 20}, &Impute{Numeric: "iterative", Iterations: 3},
		&OneHot{}, &OneHot{DropFirst: true, MaxCategories: 2, Missing: "category"}, &OneHot{Columns: []string{"i", "s"}},
		&Tidy{}, &Tidy{Lower: true}, &Dates{}, &Dates{Columns: []string{"s", "u_date", "d"}}, &DateParts{}, &DateParts{Parts: []string{"month", "week"}, Cyclic: true, Keep: true},
		&Drop{Constant: true, IDs: true, Missing: .5}, &Cap{}, &Cap{Method: "both", Quantile: .8}, &Cap{Method: "iqr"},
		&Bin{}, &Bin{Method: "width", Codes: true, Replace: true}, &Bin{Columns: []string{"f"}, Edges: []float64{-10, 0, 1000}, Labels: []string{"low", "high"}, Into: "z"},
		&Interact{Pairs: [][2]string{{"f", "i"}, {"b", "d"}}}, &Interact{Pairs: [][2]string{{"f", "g"}}, Op: "ratio"}, &Interact{Pairs: [][2]string{{"s", "i"}, {"s", "u_date"}}, Op: "concat"},
		&Cluster{}, &Cluster{Columns: []string{"f", "b"}, Clusters: 3, Output: "both", Into: "g"}, &Cluster{Clusters: 2, Output: "label", Unscaled: true},
		&PCA{}, &PCA{Columns: []string{"f", "i", "b"}, Components: 2, Keep: true, Into: "c"}, &PCA{Share: .5, Unscaled: true},
		&Ordinal{}, &Ordinal{Columns: []string{"s"}, Orders: map[string][]string{"s": {"x", "red"}}}, &Frequency{}, &TargetEncode{}, &TargetEncode{Smooth: 3, Folds: 2, Columns: []string{"s", "i"}},
		&Tfidf{}, &Tfidf{Columns: []string{"s"}, MaxFeatures: 3, Sublinear: true, StopWords: true, Stem: true, NGrams: 2}, &HashText{Features: 4, NGrams: 2},
		&Scale{}, &Scale{Method: "minmax"}, &Scale{Method: "robust"},
		&Auto{}, &Auto{Family: "linear"}, both(&Auto{Family: "linear"}, &Frequency{}),
	}
}

// throughJSON takes a state through its stored form.
func throughJSON(t interface{ Fatal(...any) }, s learn.State) learn.State {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out learn.State
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	out.Tensors = s.Tensors
	return out
}

// both are two transforms side by side.
func both(a, b Spec) *Branches {
	out := &Branches{}
	for _, s := range []Spec{a, b} {
		steps, err := Describe([]Spec{s})
		if err != nil {
			panic(err)
		}
		out.Branches = append(out.Branches, Branch{Name: s.Kind(), Steps: steps})
	}
	return out
}

// TestEveryTransform: see learntest.Transform.
func TestEveryTransform(t *testing.T) {
	for i, spec := range everySpec() {
		t.Run(fmt.Sprintf("%d_%s", i, spec.Kind()), func(t *testing.T) {
			config := learntest.TransformConfig[Transformer]{Fit: spec.Fit, Restore: FromState, RowOrder: anyOrder(spec)}
			switch spec.(type) {
			case *TargetEncode:
				config.Target = true
			case *Auto, *Branches:
				config.Refuses = "no column is left"
			}
			learntest.Transform(t, config)
		})
	}
}

// TestGraph: a list of transforms is one, and fitted again it is the same.
func TestGraph(t *testing.T) {
	several := []Spec{&Tidy{}, &Dates{}, &Impute{Numeric: "knn", Donors: 20}, &Cap{}, &OneHot{}, &Scale{}, &PCA{Keep: true}}
	learntest.Transform(t, learntest.TransformConfig[*Graph]{Restore: GraphFromState,
		Fit: func(ctx context.Context, data *table.Table, y *learn.Target, opts *learn.Options) (*Graph, error) {
			return FitOnly(ctx, data, y, opts, several...)
		}})
	train, y := learntest.Table(200, 1), &learn.Target{Task: learn.Regression, Values: make([]float64, 200)}
	for _, spec := range append(everySpec(), &TargetEncode{Folds: 3}) {
		g, made, err := Fit(t.Context(), train, y, &learn.Options{Seed: 9}, &Tidy{}, spec)
		if err != nil {
			t.Fatal(err)
		}
		restored, err := GraphFromState(throughJSON(t, g.State()))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(g.Specs(), restored.Specs()) {
			t.Errorf("specs %+v became %+v", g.Specs(), restored.Specs())
		}
		_, remade, err := restored.Refit(t.Context(), train, y, &learn.Options{Seed: 9, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if d := table.Difference(made, remade); d != "" {
			t.Errorf("%s fitted again: %s", spec.Kind(), d)
		}
	}
}

// anyOrder tells whether the order of the training rows does not matter to a spec:
// it does where rows are drawn, or are the first of equals.
func anyOrder(s Spec) bool {
	switch s := s.(type) {
	case *Impute:
		return s.Numeric != "knn"
	case *Cluster:
		return false
	}
	return true
}

func TestSpecErrors(t *testing.T) {
	data, err := table.New(table.FloatColumn("age", []float64{1, 2}), table.StringColumn("city", []string{"a", "b"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{&Impute{Numeric: "meen"}, `numeric is "meen": want one of mean, median`},
		{&Impute{Columns: []string{"agee"}}, `no column "agee"; did you mean age?`},
		{&Scale{Columns: []string{"city"}}, `column "city" is of type string: want numbers`},
		{&OneHot{Columns: []string{"city", "city"}}, `column "city" is named twice`},
		{&OneHot{MaxCategories: -1}, `max_categories is -1: want 0 or more`},
	} {
		_, _, err := Fit(context.Background(), data, nil, nil, c.spec)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.spec, err, c.want)
		}
	}
}

// A column that would not fit into memory is an error that says what to do.
func TestTooWide(t *testing.T) {
	ids := make([]string, 30_000)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	data := &table.Table{Columns: []*table.Column{table.StringColumn("id", ids)}}
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{&OneHot{}, `column "id" would become 30000 columns of 30000 rows, 6 GiB: set max_categories`},
		{&Tfidf{MaxFeatures: 30_000}, `columns of 30000 rows, 6 GiB: set a lower max_features`},
		{&HashText{Features: 1 << 16}, "65536 columns of 30000 rows, 14 GiB: set fewer features"},
	} {
		if _, err := c.spec.Fit(t.Context(), data, nil, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.spec.Kind(), err, c.want)
		}
	}
	if _, err := (&OneHot{MaxCategories: 10}).Fit(t.Context(), data, nil, nil); err != nil {
		t.Error(err)
	}
}
