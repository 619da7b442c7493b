package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/deploy"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/register"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// try runs a step on an event of an id of its own, as each upload has one.
func try(t *testing.T, env step.Env, fn *step.Function, id string, in events.Payload, params map[string]any) (step.Result, error) {
	t.Helper()
	root, err := events.NewRoot("/tests", "subject", steptest.Time(), in, id)
	if err != nil {
		t.Fatal(err)
	}
	return fn.Run(t.Context(), step.Invocation{Event: root, From: events.Emitter{Pipeline: "p", Version: "v", Step: fn.Name},
		Params: params, Seed: steptest.Seed, Time: steptest.Time(), Attempt: 1}, env)
}

func must(t *testing.T, env step.Env, fn *step.Function, id string, in events.Payload, params map[string]any) step.Result {
	t.Helper()
	res, err := try(t, env, fn, id, in, params)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestOnce registers and deploys what an event asks for once, however often it
// is delivered.
func TestOnce(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"target": "species"}, "evaluate": {"folds": 0}}).Must(t)
	var results []string
	for range 3 {
		res := must(t, r.Env, register.Function, "one", r.Evaluated, nil)
		in := steptest.Emitted[events.ModelRegisteredData](t, res, 0)
		if in.Name != "penguins" || in.Version != 1 {
			t.Fatalf("registered as %s version %d", in.Name, in.Version)
		}
		served := must(t, r.Env, deploy.Function, "one", in, nil)
		b, err := json.Marshal([]step.Result{res, served})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, string(b))
	}
	if results[0] != results[1] || results[1] != results[2] {
		t.Errorf("results differ:\n%s", strings.Join(results, "\n"))
	}
	second := steptest.Emitted[events.ModelRegisteredData](t, must(t, r.Env, register.Function, "two", r.Evaluated, map[string]any{"alias": "", "stage": "approved"}), 0)
	if second.Version != 2 || second.Aliases != nil {
		t.Errorf("the second is version %d with the aliases %v", second.Version, second.Aliases)
	}
	out := steptest.Emitted[events.ModelDeployedData](t, must(t, r.Env, deploy.Function, "two", second, nil), 0)
	if out.Previous != 1 || out.Version != 2 || out.Alias != "champion" {
		t.Errorf("deployed %+v", out)
	}
	for version, want := range map[string]int{"champion": 2, "challenger": 1, "": 2} {
		if v, err := r.Env.Models().Get(t.Context(), "penguins", version); err != nil || v.Version != want {
			t.Errorf("%q is version %d (%v), want %d", version, v.Version, err, want)
		}
	}
}

// TestCard reads the model card.
func TestCard(t *testing.T) {
	penguins := functest.Example(t, "penguins/penguins.csv")
	for name, c := range map[string]struct {
		params functest.Params
		want   []string
	}{
		"tested":   {functest.Params{"ingest": {"target": "species"}, "evaluate": {"folds": 0}}, []string{"# penguins", "On 69 test rows that it has not seen", "| accuracy | 0.9855 | 0.4348 |", "| sex | string | false | female, male |", "- Classes: Adelie, Chinstrap, Gentoo", "- Seed: 42", "by a random forest"}},
		"untested": {functest.Params{"ingest": {"target": "species", "test": 0.0}, "evaluate": {"folds": 0}}, []string{"On the 344 rows that it learnt from, which flatters it"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := functest.Chain(t, "penguins.csv", penguins, c.params).Must(t)
			res := must(t, r.Env, register.Function, name, r.Evaluated, nil)
			card := string(r.Env.Bytes(t, steptest.Emitted[events.ModelRegisteredData](t, res, 0).Card))
			for _, want := range c.want {
				if !strings.Contains(card, want) {
					t.Errorf("the card lacks %q:\n%s", want, card)
				}
			}
		})
	}
}

// TestWhen deploys a version that is better, and only that.
func TestWhen(t *testing.T) {
	env := functest.NewEnv(t)
	version := func(id string, metrics map[string]float64) events.ModelRegisteredData {
		v, err := env.Models().Register(t.Context(), "m", step.ModelVersion{Cause: id, Metrics: metrics})
		if err != nil {
			t.Fatal(err)
		}
		return events.ModelRegisteredData{Name: "m", Version: v.Version, Metrics: metrics}
	}
	better := func(more ...any) map[string]any {
		p := map[string]any{"when": "better"}
		for i := 0; i+1 < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return p
	}
	for _, c := range []struct {
		id      string
		metrics map[string]float64
		params  map[string]any
		served  int
		err     string
	}{
		{"first", map[string]float64{"accuracy": 0.8, "log_loss": 0.5}, better(), 1, ""},
		{"worse", map[string]float64{"accuracy": 0.7, "log_loss": 0.4}, better(), 1, ""},
		{"equal", map[string]float64{"accuracy": 0.8, "log_loss": 0.5}, better(), 1, ""},
		{"less is better", map[string]float64{"accuracy": 0.7, "log_loss": 0.4}, better("metric", "log_loss"), 4, ""},
		{"better", map[string]float64{"accuracy": 0.9, "log_loss": 0.6}, better(), 5, ""},
		{"no such metric", map[string]float64{"accuracy": 0.9}, better("metric", "acuracy"), 5, `no metric "acuracy"; did you mean accuracy?`},
		{"of another task", map[string]float64{"accuracy": 0.9}, better("metric", "balanced_accuracy"), 5, `no "balanced_accuracy"; did you mean accuracy?`},
		{"measured otherwise", map[string]float64{"r2": 0.1}, better(), 8, ""},
		{"always", map[string]float64{"r2": -1}, nil, 9, ""},
	} {
		t.Run(c.id, func(t *testing.T) {
			in := version(c.id, c.metrics)
			for range 2 { // delivered twice
				res, err := try(t, env, deploy.Function, c.id, in, c.params)
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) {
						t.Errorf("error %v, want %s", err, c.err)
					}
				} else if err != nil {
					t.Fatal(err)
				}
				if deployed := len(res.Events) == 1; deployed != (c.served == in.Version) {
					t.Errorf("deployed: %v", deployed)
				}
			}
			if v, err := env.Models().Get(t.Context(), "m", "champion"); err != nil || v.Version != c.served {
				t.Errorf("version %d is served (%v), want %d", v.Version, err, c.served)
			}
		})
	}
}

// TestMetricThatIsNone is refused where a pipeline is read, and not when a version is
// registered already.
func TestMetricThatIsNone(t *testing.T) {
	for metric, want := range map[string]string{"": "", "log_loss": "", "ndcg_at_k": "", "acuracy": `metric: no metric "acuracy"; did you mean accuracy?`} {
		for _, when := range []string{"always", "better"} {
			err := deploy.Function.Check(map[string]any{"when": when, "metric": metric})
			if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s by %q: %v, want %q", when, metric, err, want)
			}
		}
	}
}

// away is an environment whose registry cannot be reached.
type away struct{ *steptest.Env }

type awayModels struct{ step.Models }

func (awayModels) Get(context.Context, string, string) (step.ModelVersion, error) {
	return step.ModelVersion{}, step.Retryable(errors.New("the store does not answer"))
}

func (e away) Models() step.Models { return awayModels{e.Env.Models()} }

// TestAway does not take a registry that cannot be reached for an empty one.
func TestAway(t *testing.T) {
	env := away{functest.NewEnv(t)}
	if _, err := env.Env.Models().Register(t.Context(), "m", step.ModelVersion{Cause: "a"}); err != nil {
		t.Fatal(err)
	}
	in := events.ModelRegisteredData{Name: "m", Version: 1, Metrics: map[string]float64{"accuracy": 1}}
	if res, err := try(t, env, deploy.Function, "x", in, map[string]any{"when": "better"}); step.ClassOf(err) != step.ClassRetryable || len(res.Events) > 0 {
		t.Errorf("class %s of %v, %d events", step.ClassOf(err), err, len(res.Events))
	}
}
