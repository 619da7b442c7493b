package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/register"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/table"
)

// A result is what came of a run: what `runnel run --json` prints.
type result struct {
	Run       string                `json:"run"`
	State     string                `json:"state"`
	Model     *modelResult          `json:"model,omitempty"`
	Metrics   map[string]float64    `json:"metrics,omitempty"`  // on the test rows, by scikit-learn's names
	Baseline  map[string]float64    `json:"baseline,omitempty"` // the same of a model that knows only the target's distribution
	Steps     []stepResult          `json:"steps"`
	Artifacts map[string]events.Ref `json:"artifacts"` // by step/output
	Reports   []string              `json:"reports,omitempty"`

	source     string // what was run: a path, say
	notes      []string
	evaluation *evaluate.Evaluation
	inputs     []model.Input
	row        string // what to predict first: --row's value
	deployed   bool   // the model is the served one
	remote     bool   // a node serves it already
}

type modelResult struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

type stepResult struct {
	Name    string  `json:"name"`
	Host    string  `json:"host"`
	Status  string  `json:"status"`
	Seconds float64 `json:"seconds"`
	Rows    int64   `json:"rows"`
	Cached  bool    `json:"cached"`
	Error   string  `json:"error,omitempty"`
}

// result gathers what the records of a run say, and writes its reports to files.
func (a *app) result(ctx context.Context, c *connection, st *api.RunState) (*result, error) {
	r := &result{Run: st.ID, State: st.State, Steps: []stepResult{}, Artifacts: map[string]events.Ref{}}
	for _, rec := range st.Steps {
		s := stepResult{Name: rec.Step, Host: rec.Host, Status: rec.Status, Seconds: rec.Seconds, Rows: rec.Rows, Cached: rec.Cached}
		if rec.Error != nil {
			s.Error = rec.Error.Message
		}
		r.Steps = append(r.Steps, s)
		for name, ref := range rec.Outputs {
			r.Artifacts[rec.Step+"/"+name] = ref
			if ref.MediaType == events.MediaHTML {
				path := filepath.Join(a.dir, "reports", fmt.Sprintf("%.8s", st.ID), rec.Step+".html")
				if err := copyTo(ctx, c, ref.Digest, path); err != nil {
					return nil, fmt.Errorf("writing the report: %w", err)
				}
				r.Reports = append(r.Reports, path)
			}
		}
		if ref, ok := rec.Outputs["evaluation"]; ok && rec.Function == "evaluate" {
			r.evaluation = &evaluate.Evaluation{}
			if err := readJSON(ctx, c, ref.Digest, r.evaluation); err != nil {
				return nil, err
			}
			r.Metrics, r.Baseline = r.evaluation.Model.Metrics, r.evaluation.Baseline.Metrics
		}
		for _, e := range rec.Events {
			if err := a.take(ctx, c, r, e); err != nil {
				return nil, err
			}
		}
		r.notes = append(r.notes, warnings(rec)...)
	}
	if r.evaluation != nil && r.evaluation.Lists != nil {
		if err := a.example(r, exampleUser(r.inputs, r.evaluation.Lists)); err != nil {
			return nil, err
		}
	}
	r.notes = append(r.notes, bypassed(&st.Status)...)
	return r, nil
}

// warnings are the notes of a step that bear on how far its outcome can be
// trusted: what an evaluation notes, rows that were left out, folds that flatter,
// and why there is no model.
func warnings(rec engine.Record) []string {
	if rec.Function == "evaluate" || rec.Function == "featurize" && len(rec.Events) == 0 && rec.Status == engine.Done {
		return rec.Notes
	}
	var out []string
	for _, n := range rec.Notes {
		if strings.Contains(n, "left out") || strings.Contains(n, "another name") || strings.Contains(n, "folds are at random") {
			out = append(out, rec.Step+": "+n)
		}
	}
	return out
}

// take reads from an event of the run what the result tells.
func (a *app) take(ctx context.Context, c *connection, r *result, e events.Event) error {
	switch e.Type() {
	case events.ModelRegistered:
		in, err := events.Data[events.ModelRegisteredData](e)
		if err != nil {
			return err
		}
		r.Model = &modelResult{Name: in.Name, Version: in.Version}
	case events.ModelDeployed:
		in, err := events.Data[events.ModelDeployedData](e)
		if err != nil {
			return err
		}
		r.deployed = in.Alias == "champion"
	case events.ModelTrained:
		in, err := events.Data[events.ModelTrainedData](e)
		if err != nil {
			return err
		}
		var doc struct {
			Inputs []model.Input `json:"inputs"`
		}
		if err := readJSON(ctx, c, in.Model.Model.Digest, &doc); err != nil {
			return err
		}
		r.inputs = doc.Inputs
		return a.example(r, exampleRow(doc.Inputs))
	}
	return nil
}

// longRow is the length from which a row is handed over in a file.
const longRow = 160

// example keeps a row to predict: short enough for the command line, or in a
// file beside the report.
func (a *app) example(r *result, row string) error {
	r.row = quote(row)
	if len(row) <= longRow {
		return nil
	}
	path := filepath.Join(a.dir, "reports", fmt.Sprintf("%.8s", r.Run), "row.json")
	r.row = "@" + quote(path)
	return write(path, strings.NewReader(row+"\n"))
}

// exampleRow is a row of plausible values, for the user to start from.
func exampleRow(inputs []model.Input) string {
	var parts []string
	for _, in := range inputs {
		if !in.Required && len(parts) >= 4 {
			continue
		}
		var v any
		switch {
		case len(in.Values) > 0:
			v = in.Values[0]
		case in.Min != nil && in.Max != nil && in.Kind == table.Int64:
			v = int64((*in.Min + *in.Max) / 2)
		case in.Min != nil && in.Max != nil:
			v = json.Number(fmt.Sprintf("%.4g", (*in.Min+*in.Max)/2))
		case in.Kind == table.Bool:
			v = true
		case in.Kind == table.Time:
			v = "2024-01-31T12:00:00Z"
		case in.Kind == table.String:
			v = "..."
		default:
			continue
		}
		b, _ := json.Marshal(v)
		name, _ := json.Marshal(in.Name)
		parts = append(parts, string(name)+": "+string(b))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func readArtifact(ctx context.Context, c *connection, digest string) ([]byte, error) {
	r, err := c.Artifact(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func readJSON(ctx context.Context, c *connection, digest string, v any) error {
	b, err := readArtifact(ctx, c, digest)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// headline lists the metrics that are shown of a task, in order.
var headline = []string{"accuracy", "balanced_accuracy", "f1", "f1_macro", "roc_auc", "log_loss", "r2", "rmse", "mae", "silhouette", "davies_bouldin", "calinski_harabasz", "inertia", "ndcg_at_k", "map_at_k", "precision_at_k", "recall_at_k", "hit_rate_at_k", "coverage_at_k"}

// ofAnomalies are those of anomalies.
var ofAnomalies = []string{"roc_auc", "average_precision", "precision", "recall", "f1", "anomaly_share", "threshold", "score_median", "score_max"}

func (a *app) printResult(r *result) {
	if r.evaluation != nil {
		a.printMetrics(r)
	}
	fmt.Fprintln(a.out)
	rows := [][]string{}
	for _, n := range r.notes {
		rows = append(rows, []string{"  Note", n})
	}
	for _, path := range r.Reports {
		rows = append(rows, []string{"  Report", path})
	}
	columns(a.out, rows)
	switch {
	case r.State != engine.Succeeded: // the error says what is next
	case r.Model == nil:
		fmt.Fprintf(a.out, "  Next    %s run %s --target COLUMN\n", a.name(), quote(r.source))
	case !r.deployed:
		fmt.Fprintf(a.out, "  Next    %s predict %s --row %s\n", a.name(), quote(fmt.Sprintf("%s@%d", r.Model.Name, r.Model.Version)), r.row)
		fmt.Fprintf(a.out, "          %s models promote %s %d    makes it the served version\n", a.name(), quote(r.Model.Name), r.Model.Version)
	default:
		fmt.Fprintf(a.out, "  Next    %s predict %s --row %s\n", a.name(), quote(r.Model.Name), r.row)
		if !r.remote {
			fmt.Fprintf(a.out, "          %s up    serves it: POST /predict, uploads by S3 and HTTP\n", a.name())
		}
	}
}

// quote writes a word as a shell reads it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./-_", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (a *app) printMetrics(r *result) {
	e := r.evaluation
	title := strings.ReplaceAll(e.Estimator, "_", " ")
	if r.Model != nil {
		title = fmt.Sprintf("%s version %d, %s", r.Model.Name, r.Model.Version, register.Spoken(e.Estimator))
	}
	measured := e.Subset + " rows that it has not seen"
	if e.Subset == "train" {
		measured = "rows that it learnt from"
	}
	if e.Lists != nil {
		measured = fmt.Sprintf("users, in lists of k = %d", e.Lists.K)
	}
	if e.Clusters != nil {
		title += fmt.Sprintf(" of %d clusters", len(e.Clusters.Sizes))
		if len(e.Clusters.Sizes) == 1 {
			title = strings.TrimSuffix(title, "s")
		}
	}
	shown := headline
	if e.Anomalies != nil {
		shown = ofAnomalies
		if title += fmt.Sprintf(", %s anomalies", count(e.Anomalies.Count)); e.Anomalies.Count == 1 {
			title = strings.Replace(title, "1 anomalies", "1 anomaly", 1)
		}
	}
	fmt.Fprintf(a.out, "\n  %s, on %s %s\n\n", a.style(a.out, bold, title), count(int64(e.Model.Rows)), measured)
	rows := [][]string{{"  ", "", "model", "baseline", ""}}
	for _, name := range shown {
		v, ok := r.Metrics[name]
		if !ok {
			continue
		}
		base, cv := "", ""
		if b, ok := r.Baseline[name]; ok {
			base = figure(b)
		}
		if e.CrossValid != nil {
			if mean, ok := e.CrossValid.Mean[name]; ok {
				cv = fmt.Sprintf("%s ± %s in %s", figure(mean), figure(e.CrossValid.Std[name]), e.CrossValid.In())
			}
		}
		rows = append(rows, []string{"  ", name, figure(v), base, a.style(a.out, dim, cv)})
	}
	if len(rows) > 1 {
		columns(a.out, rows, 2, 3)
	}
}

// figure is a metric to three places, where it is of a size that they say something of.
func figure(v float64) string {
	if math.Abs(v) >= 1e9 {
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprintf("%.3f", v)
}
