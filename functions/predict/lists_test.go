package predict_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/table"
)

// TestLists gives each row of a table a row for each item of its list.
func TestLists(t *testing.T) {
	m := functest.Chain(t, "routes.csv", functest.Example(t, "routes/routes.csv"), functest.Params{
		"ingest": {"user": "plane", "item": "airport"}, "train": {"als": map[string]any{"factors": 8, "iterations": 3}}}).Must(t).Model(t)
	users, err := table.New(table.StringColumn("plane", []string{"N3KDAA", "nobody"}), table.IntColumn("rank", []int64{7, 8}))
	if err != nil {
		t.Fatal(err)
	}
	out, err := predict.Table(m, users, predict.Params{Top: 3, Inputs: true})
	if err != nil {
		t.Fatal(err)
	}
	if names := strings.Join(out.Names(), " "); names != "plane input_rank rank prediction score by" || out.Rows() != 6 {
		t.Fatalf("%d rows of %s", out.Rows(), names)
	}
	by, scores := out.Column("by"), out.Column("score").Floats
	if by.Text(2) != "history" || by.Text(3) != "popularity" || !(scores[0] > scores[1] && scores[1] > scores[2]) || out.Column("plane").Text(5) != "nobody" || out.Column("rank").Ints[5] != 3 {
		t.Errorf("%v", out.Columns)
	}
	if out, err = predict.Table(m, users, predict.Params{Top: 2}); err != nil || len(out.Columns) != 4 || out.Rows() != 4 {
		t.Errorf("%v, %v", out, err)
	}
}

// Items are of the type of their column.
func TestItemsOfAnyType(t *testing.T) {
	events := "user,item\n"
	for u := range 8 {
		for i := range 4 {
			events += fmt.Sprintf("u%d,%d.5\n", u, 1_000_000*((u+i)%6))
		}
	}
	m := functest.Chain(t, "done.csv", []byte(events), functest.Params{
		"ingest": {"user": "user", "item": "item"}, "train": {"als": map[string]any{"factors": 2}}}).Must(t).Model(t)
	users, err := table.New(table.StringColumn("user", []string{"u1"}))
	if err != nil {
		t.Fatal(err)
	}
	out, err := predict.Table(m, users, predict.Params{Top: 1, Seen: true})
	if err != nil {
		t.Fatal(err)
	}
	if c := out.Column("prediction"); c.Kind != table.Float64 || math.Mod(c.Floats[0], 1_000_000) != .5 {
		t.Errorf("the prediction is %v, of the type %v", c.Text(0), c.Kind)
	}
}
