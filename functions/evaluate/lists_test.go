package evaluate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
)

// routes are the params of a recommendation of airports to planes.
func routes(p functest.Params) functest.Params {
	all := functest.Params{"ingest": {"user": "plane", "item": "airport", "weight": "flights", "by": "since"}}
	for name, of := range p {
		if all[name] == nil {
			all[name] = map[string]any{}
		}
		for k, v := range of {
			all[name][k] = v
		}
	}
	return all
}

// TestRoutes takes what planes did through the chain: the lists are far better
// than what is popular, and the served model also knows what it was judged by.
func TestRoutes(t *testing.T) {
	r := functest.Chain(t, "routes.csv", functest.Example(t, "routes/routes.csv"), routes(nil)).Must(t)
	e := r.Evaluation(t)
	if e.Model.Metrics["ndcg_at_k"] < 0.6 || e.Baseline.Metrics["ndcg_at_k"] > 0.3 || e.Lists.Users < 1000 || e.Lists.K != 10 || len(e.Lists.Examples) != 6 {
		t.Errorf("%+v\n%+v\n%+v", e.Model, e.Baseline, e.Lists)
	}
	m := r.Model(t)
	description, weights, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = model.Decode(description, weights); err != nil {
		t.Fatal(err)
	}
	raw, split := r.Env.Read(t, r.Ingested.Dataset)
	plane, airport := raw.Column("plane"), raw.Column("airport")
	user := plane.Text(0)
	p, err := m.Ask(map[string]any{"plane": user, "top": 200})
	if err != nil {
		t.Fatal(err)
	}
	listed := func(p *model.Prediction) map[string]bool {
		out := map[string]bool{}
		for _, item := range p.Value(0).([]model.Item) {
			out[fmt.Sprint(item.Item)] = true
		}
		return out
	}
	all := listed(p)
	for i := range raw.Rows() {
		if plane.Text(i) == user && all[airport.Text(i)] {
			t.Errorf("%s is recommended %s, where it was (%v)", user, airport.Text(i), split[i])
		}
	}
	if seen, err := m.Ask(map[string]any{"plane": user, "top": 200, "seen": true}); err != nil || !listed(seen)[airport.Text(0)] || p.Lists[0].By != "history" {
		t.Errorf("with seen: %+v, %v", seen, err)
	}
}

// TestMetadata asks for recommendations by the metadata of an upload.
func TestMetadata(t *testing.T) {
	env := functest.NewEnv(t)
	o := env.Object(t, "uploads", "routes.csv", functest.Example(t, "routes/routes.csv"))
	o.Metadata = map[string]string{"user": "plane", "item": "airport", "weight": "flights"}
	r := functest.Continue(t, env, events.ObjectCreatedData{Object: o}, functest.Params{"train": {"als": map[string]any{"iterations": 2}}}).Must(t)
	if d := r.Ingested.Dataset; d.Task != "recommendation" || d.Target != "" || d.Roles["weight"] != "flights" {
		t.Errorf("%+v", d)
	}
}

func TestRoutesBySplit(t *testing.T) {
	content := functest.Example(t, "routes/routes.csv")
	for _, c := range []struct {
		split, by any
		rows      [2]int // to judge by, at least and at most
	}{{"auto", "", [2]int{3500, 4200}}, {"random", "since", [2]int{3500, 4200}}, {"time", "since", [2]int{3364, 3400}}} {
		r := functest.Chain(t, "routes.csv", content, routes(functest.Params{"ingest": {"split": c.split, "by": c.by}, "train": {"als": map[string]any{"iterations": 3, "factors": 8}}})).Must(t)
		_, split := r.Env.Read(t, r.Ingested.Dataset)
		if n := len(step.RowsOf(split, step.Test, len(split))); n < c.rows[0] || n > c.rows[1] {
			t.Errorf("%s: %d rows to judge by", c.split, n)
		}
		if e := r.Evaluation(t); e.Model.Metrics["ndcg_at_k"] <= e.Baseline.Metrics["ndcg_at_k"] {
			t.Errorf("%s: %v, by what is popular %v", c.split, e.Model.Metrics, e.Baseline.Metrics)
		}
	}
}

// TestEventsOfNothing leaves out rows that say nothing, and says what columns cannot be.
func TestEventsOfNothing(t *testing.T) {
	var b strings.Builder
	b.WriteString("u,i,w\n,a,1\n1,,2\n1,a,0\n1,b,\n2,a,-3\n")
	for u := range 30 {
		for k := range 6 {
			fmt.Fprintf(&b, "%d,i%d,%d\n", u, (u+3*k)%20, 1+k)
		}
	}
	params := functest.Params{"ingest": {"user": "u", "item": "i", "weight": "w"}, "evaluate": {"k": 3}}
	r := functest.Chain(t, "events.csv", []byte(b.String()), params).Must(t)
	if notes := strings.Join(r.Results["ingest"].Notes, "\n"); !strings.Contains(notes, "left out 5 of 185 rows") {
		t.Errorf("notes %q", notes)
	}
	if m := r.Model(t); len(m.Recommender().Users()) != 30 || slices.Contains(m.Recommender().Items(), "a") {
		t.Errorf("users %v, items %v", m.Recommender().Users(), m.Recommender().Items())
	}
	none := functest.Chain(t, "events.csv", []byte(b.String()), functest.Params{"ingest": {"user": "u", "item": "i", "weight": "w", "test": 0}}).Must(t)
	if e := none.Evaluation(t); len(e.Model.Metrics) != 0 || !strings.Contains(strings.Join(none.Results["evaluate"].Notes, "\n"), "nothing is held back") {
		t.Errorf("%+v, notes %q", e.Model, none.Results["evaluate"].Notes)
	}
	for want, ingest := range map[string]map[string]any{
		`user is "u" and item ""`:        {"user": "u", "task": "recommendation"},
		"are columns of a recommend":     {"user": "u", "item": "i", "target": "w"},
		`both the column "u"`:            {"user": "u", "item": "u"},
		`no column "x"`:                  {"user": "u", "item": "x"},
		`the weight "i" holds string`:    {"user": "u", "item": "w", "weight": "i"},
		"none of a recommendation":       {"user": "u", "item": "i", "split": "stratified"},
		`column "i" holds string values`: {"user": "u", "item": "w", "by": "i"},
	} {
		if r := functest.Chain(t, "events.csv", []byte(b.String()), functest.Params{"ingest": ingest}); r.Err == nil || !strings.Contains(r.Err.Error(), want) || r.Last != "ingest" {
			t.Errorf("%v: %s: %v", ingest, r.Last, r.Err)
		}
	}
	gate := functest.Chain(t, "events.csv", []byte(b.String()), functest.Params{"ingest": params["ingest"], "evaluate": {"gate": map[string]any{"ndcg_at_k": 1}}})
	if step.ClassOf(gate.Err) != step.ClassGate {
		t.Errorf("the gate: %v", gate.Err)
	}
	if !gate.Evaluated.Evaluation.IsZero() {
		t.Error("a model that missed its gate went on")
	}
}
