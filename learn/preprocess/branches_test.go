package preprocess_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// TestBranches makes of each branch what its transforms make alone, in any number
// of rows and after it was written down.
func TestBranches(t *testing.T) {
	x, err := table.New(
		&table.Column{Name: "n", Kind: table.Float64, Floats: []float64{1, 2, 6, 7}},
		&table.Column{Name: "s", Kind: table.String, Codes: []uint32{0, 1, 0, 1}, Dict: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	lists := [][]preprocess.Spec{{&preprocess.Auto{Family: "linear"}}, {&preprocess.Scale{Method: "minmax"}}}
	spec := &preprocess.Branches{}
	for i, l := range lists {
		d, err := preprocess.Describe(l)
		if err != nil {
			t.Fatal(err)
		}
		spec.Branches = append(spec.Branches, preprocess.Branch{Name: string(rune('p' + i)), Steps: d})
	}
	g, _, err := preprocess.Fit(t.Context(), x, nil, nil, spec)
	if err != nil {
		t.Fatal(err)
	}
	s := g.State()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again := s
	if again.Params = nil; json.Unmarshal(b, &again) != nil {
		t.Fatal(err)
	}
	if g, err = preprocess.GraphFromState(again); err != nil {
		t.Fatal(err)
	}
	out, err := g.Transform(x.Take([]int{3, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Names(); !slices.Equal(got, []string{"p:n", "p:s_b", "q:n"}) {
		t.Fatalf("columns %q", got)
	}
	alone, _, err := preprocess.Fit(t.Context(), x, nil, nil, lists[0]...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := alone.Transform(x.Take([]int{3, 0}))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Column("n").Floats {
		if math.Float64bits(out.Column("p:n").Floats[i]) != math.Float64bits(v) {
			t.Errorf("row %d is %v, alone %v", i, out.Column("p:n").Floats[i], v)
		}
	}
	if q := out.Column("q:n").Floats; q[0] != 1 || q[1] != 0 {
		t.Errorf("minmax gives %v", q)
	}
	for _, bad := range []*preprocess.Branches{{}, {Branches: []preprocess.Branch{{Name: "a:b"}}}, {Branches: []preprocess.Branch{{Name: "a"}, {Name: "a"}}}} {
		if _, err := bad.Fit(t.Context(), x, nil, nil); err == nil {
			t.Errorf("%+v is fitted", bad)
		}
	}
}
