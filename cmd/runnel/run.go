package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// runFlags are the flags of `runnel run`: shorthands of the steps' params.
type runFlags struct {
	target, task, model, name string
	user, item                string
	pipeline, badRow          string
	host                      string
	gate, set                 []string
	private, tune, auto       bool
	seed                      uint64
	changed                   func(flag string) bool // by the user
}

func newRun(a *app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE|DIR|URL",
		Short: "Run a pipeline over a table: from the file to a served model",
		Long: `Run a pipeline over a table, with the node that runs in the folder or one that
lives as long as the run. Without a target the table is read, cleaned and
explored; with one, or with a task that needs none (--task clustering,
--task anomaly_detection, or --user and --item for recommendations), it becomes a
model.

An interrupt (Ctrl-C) cancels the run; a second one ends the command at once.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a gate was missed, 130 cancelled.`,
		Example: `  runnel run penguins.csv --target species
  runnel run flights.csv --target late --model logistic --gate roc_auc=0.6
  runnel run sales.csv --target amount --tune --set tune.budget=10m
  runnel run sales.csv --target amount --auto --set tune.budget=10m
  runnel run sales.csv --target amount --set train.random_forest.n_estimators=300
  runnel run customers.csv --task clustering
  runnel run payments.csv --task anomaly_detection
  runnel run plays.csv --user listener --item track --set ingest.by=time
  runnel run https://example.com/table.csv --target y`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.tune = f.tune || f.auto
			return a.runPipeline(cmd.Context(), args[0], &f)
		},
	}
	f.add(a, c)
	c.Flags().BoolVar(&f.tune, "tune", false, "search for the model's parameters first, in the default pipeline: see the params of tune (--set tune.trials=20)")
	c.Flags().BoolVar(&f.auto, "auto", false, "as --tune, but search among estimators and ways to prepare the columns, and end with a vote of the best together")
	return c
}

// add adds the flags to a command.
func (f *runFlags) add(a *app, c *cobra.Command) {
	c.Flags().StringVarP(&f.target, "target", "t", "", "`COLUMN` to predict")
	c.Flags().StringVar(&f.task, "task", "", "classification or regression of a target; clustering or anomaly_detection, which take none; or recommendation, which takes --user and --item; decided by the columns by default")
	c.Flags().StringVar(&f.user, "user", "", "`COLUMN` of users, to recommend items to")
	c.Flags().StringVar(&f.item, "item", "", "`COLUMN` of items, to recommend to users")
	c.Flags().StringVarP(&f.model, "model", "m", "", "`ESTIMATOR`: "+estimators())
	c.Flags().StringVar(&f.name, "name", "", "`NAME` to register the model under; the file's by default")
	c.Flags().StringVarP(&f.pipeline, "pipeline", "p", "", "`FILE` with the pipeline's definition")
	c.Flags().StringVar(&f.badRow, "on-bad-row", "", "fail (the default) or skip rows that cannot be read")
	c.Flags().StringArrayVar(&f.gate, "gate", nil, "`METRIC=THRESHOLD` that the model has to reach; may be repeated")
	c.Flags().StringArrayVar(&f.set, "set", nil, "`STEP.PARAM=VALUE`, the value as in a definition, such as [a, b]; may be repeated")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "`NUMBER` that every random choice follows from; the pipeline's by default")
	f.changed = c.Flags().Changed
	a.hostFlag(c, &f.host, "run every step there")
	c.Flags().BoolVar(&f.private, "allow-private-urls", false, "fetch from loopback and private addresses too")
}

// request is what the flags ask for, but for the pipeline.
func (f *runFlags) request(source string) (api.RunRequest, error) {
	params, err := f.params()
	req := api.RunRequest{Params: params, Host: f.host, Key: path.Base(filepath.ToSlash(source))}
	if f.changed("seed") {
		req.Seed = &f.seed
	}
	return req, err
}

// params turns the flags into params by step.
func (f *runFlags) params() (map[string]map[string]any, error) {
	out := map[string]map[string]any{}
	put := func(path []string, v any) {
		if out[path[0]] == nil {
			out[path[0]] = map[string]any{}
		}
		m := out[path[0]]
		for _, p := range path[1 : len(path)-1] {
			inner, ok := m[p].(map[string]any)
			if !ok {
				inner = map[string]any{}
				m[p] = inner
			}
			m = inner
		}
		m[path[len(path)-1]] = v
	}
	if f.auto {
		put([]string{"tune", "auto"}, true)
	}
	if f.tune && f.model != "" {
		put([]string{"tune", "models"}, []any{f.model})
	} else if f.model != "" {
		put([]string{"train", "model"}, f.model)
	}
	for _, x := range []struct{ value, step, param string }{
		{f.target, "ingest", "target"}, {f.task, "ingest", "task"}, {f.user, "ingest", "user"}, {f.item, "ingest", "item"}, {f.badRow, "ingest", "on_bad_row"},
		{f.name, "register", "name"},
	} {
		if x.value != "" {
			put([]string{x.step, x.param}, x.value)
		}
	}
	for _, g := range f.gate {
		metric, text, ok := strings.Cut(g, "=")
		v, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, usage(fmt.Errorf("--gate %s: want metric=threshold, such as accuracy=0.8", g))
		}
		put([]string{"evaluate", "gate", metric}, v)
	}
	for _, s := range f.set {
		name, text, ok := strings.Cut(s, "=")
		path := strings.Split(name, ".")
		if !ok || len(path) < 2 {
			return nil, usage(fmt.Errorf("--set %s: want step.param=value, such as train.model=ridge", s))
		}
		put(path, value(text))
	}
	if f.pipeline != "" { // whose steps may be of other functions than their names say
		return out, nil
	}
	return out, contradiction(out)
}

// contradiction is what params of different steps say against each other. The later
// step would find it too, after all the steps before it.
func contradiction(params map[string]map[string]any) error {
	text := func(step, param string) string { s, _ := params[step][param].(string); return s }
	target, tasks := text("ingest", "target"), []learn.Task{learn.Task(text("ingest", "task"))}
	switch {
	case tasks[0] != "" && tasks[0] != "auto":
	case text("ingest", "user") != "" && text("ingest", "item") != "":
		tasks[0] = learn.Recommendation
	case target != "":
		tasks = []learn.Task{learn.Classification, learn.Regression}
	default:
		return nil
	}
	task, tune := tasks[0], params["tune"]
	gates, _ := params["evaluate"]["gate"].(map[string]any)
	known, judged := []string{}, false
	for _, t := range tasks {
		of := append(metrics.Of(t, 2), metrics.Of(t, 3)...)
		known = append(known, of...)
		judged = judged || !slices.ContainsFunc(sorting.Keys(gates), func(name string) bool { return !slices.Contains(of, name) })
	}
	slices.Sort(known)
	known = slices.Compact(known)
	switch {
	case len(known) == 0: // no such task, which ingest says
		return nil
	case !task.Supervised() && target != "":
		return usage(fmt.Errorf("%s has no target, and %q is named as one: leave one of the two out", task, target))
	case !task.Supervised() && tune["auto"] == true:
		return usage(fmt.Errorf("tune.auto: there is one estimator for %s, and nothing to prepare it by: leave it out", task))
	case params["evaluate"]["beat_baseline"] == true && task == learn.Clustering:
		return usage(errors.New("evaluate.beat_baseline: clusters have no baseline: set a gate, such as silhouette=0.3"))
	}
	for _, name := range sorting.Keys(gates) {
		if _, is := metrics.Greater(name); is && !slices.Contains(known, name) {
			return usage(fmt.Errorf("gate %s: no model of this task is judged by it: want one of %s", name, strings.Join(known, ", ")))
		} else if !is {
			judged = true // which evaluate says, with the name that was meant
		}
	}
	if !judged {
		return usage(fmt.Errorf("gates %s: no model is judged by all of them: they are of classifications and of regressions", strings.Join(sorting.Keys(gates), ", ")))
	}
	models, _ := tune["models"].([]any)
	for _, m := range append(models, params["train"]["model"]) {
		name, ok := m.(string)
		if !ok || name == "auto" {
			continue
		}
		_, err := estimator.Find(name, task)
		for _, t := range tasks[1:] {
			if _, of := estimator.Find(name, t); of == nil {
				err = nil
			}
		}
		if err != nil {
			return usage(err)
		}
	}
	return nil
}

// value reads the value of a param: JSON, lists and mappings as in YAML too, and
// else a text.
func value(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		return v
	}
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
		if yaml.Unmarshal([]byte(text), &v) == nil {
			return v
		}
	}
	return text
}

// estimators are the names of those that a model can be trained by.
func estimators() string {
	var names []string
	for _, e := range estimator.Entries() {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}

func (a *app) runPipeline(ctx context.Context, source string, f *runFlags) error {
	req, err := f.request(source)
	if err != nil {
		return err
	}
	var d definition
	if f.tune && f.pipeline != "" {
		return usage(fmt.Errorf("--tune is of the default pipeline: give %s a step tune before train, and train on: features.tuned", f.pipeline))
	}
	if f.pipeline != "" {
		read, err := a.parse(f.pipeline)
		if err != nil {
			return usage(err)
		}
		d, req.Pipeline, req.File = *read, read.text, filepath.Base(f.pipeline)
		a.warn(read)
	}
	if f.tune && learn.Task(f.task) == learn.AnomalyDetection {
		return usage(errors.New("--tune: without a target nothing says which of two models finds anomalies better: leave it out, or learn from known anomalies with their column as --target"))
	}
	if f.tune {
		req.Pipeline, req.File = pipeline.TunedYAML(), "tuned.yaml"
	}
	isURL := strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://")
	var file *os.File
	if isURL {
		req.URL = source
	} else if file, err = openTable(source); err != nil {
		return usage(err)
	} else if file != nil {
		defer file.Close()
	}
	a.private = f.private
	p := a.newProgress(source, f.target)
	defer p.end()
	opened := p.during(waiting("open"))
	c, err := a.connect(ctx, working)
	opened()
	if err != nil {
		return err
	}
	defer c.close()
	up := newUpload(ctx)
	uploaded := p.during(up.doing)
	if err := d.upload(ctx, c.PutArtifact); err != nil {
		uploaded()
		return err
	}
	id, err := a.start(context.WithoutCancel(ctx), c, up, req, source, file)
	uploaded()
	if err != nil && ctx.Err() != nil {
		a.say("cancelled before the run started")
		return &coded{code: exitCancelled}
	}
	var said *api.Error
	if errors.As(err, &said) && said.Status == http.StatusBadRequest {
		return usage(err) // a param that the step does not take, say
	}
	if err != nil {
		return err
	}
	st, err := p.follow(ctx, c, id)
	if ctx.Err() != nil {
		p.end()
		return a.cancel(ctx, c, id)
	}
	if err != nil {
		return err
	}
	return a.outcome(ctx, c, st, source)
}

// start sends what is to be run: a URL, a file, or the files of a directory. An
// interrupt ends the upload, not the request: what was whole has started, and is
// then cancelled by its id.
func (a *app) start(ctx context.Context, c *connection, up *upload, req api.RunRequest, source string, file *os.File) (string, error) {
	if req.URL != "" {
		return c.StartRun(ctx, req, nil)
	}
	if file != nil {
		return c.StartRun(ctx, req, up.of(file))
	}
	list, err := a.putDirectory(ctx, c, up, source)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	req.MediaType = events.MediaManifest
	return c.StartRun(ctx, req, strings.NewReader(string(b)))
}

// openTable opens a file; of a directory it gives nil.
func openTable(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no file %s%s", path, nearFiles(path))
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, err
	}
	return f, nil
}

// putDirectory uploads the files of a directory, in the order of their names,
// for one dataset.
func (a *app) putDirectory(ctx context.Context, c *connection, up *upload, dir string) ([]events.Object, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	var out []events.Object
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		ref, err := c.PutArtifact(ctx, mediaTypeOf(e.Name()), up.of(f))
		f.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, events.Object{Key: filepath.Base(dir) + "/" + e.Name(), Content: ref})
	}
	if len(out) == 0 {
		return nil, usage(fmt.Errorf("the directory %s has no files", dir))
	}
	return out, nil
}

// outcome prints what came of a run, and says it by the exit code.
func (a *app) outcome(ctx context.Context, c *connection, st *api.RunState, source string) error {
	r, err := a.result(ctx, c, st)
	if err != nil {
		return err
	}
	r.source, r.remote = source, c.remote
	if err := a.print(r, func() { a.printResult(r) }); err != nil {
		return err
	}
	return a.verdict(st)
}

// verdict is the error, with its exit code, of a run that did not succeed.
func (a *app) verdict(st *api.RunState) error {
	if st.State == engine.Idle {
		return fmt.Errorf("no step answers %s of %s (its subject is %q): see the filters of the first step's trigger", events.ShortType(st.Event.Type()), st.Event.Source(), st.Event.Subject())
	}
	if st.State == engine.Cancelled {
		return &coded{exitCancelled, fmt.Errorf("run %.8s was cancelled%s", st.ID, a.next("", "runs replay", st.ID))}
	}
	for _, rec := range st.Steps {
		if rec.Error == nil || rec.Status != st.State {
			continue
		}
		text := fmt.Sprintf("step %s: %s", rec.Step, rec.Error.Message)
		if st.State == engine.Gated {
			return &coded{exitGate, fmt.Errorf("%s: the model is not registered%s", text, a.next("", "runs show", st.ID))}
		}
		if rec.Error.Class != step.ClassPermanent {
			text += fmt.Sprintf(" (%s, %d attempts)", rec.Error.Class, rec.Attempts)
		}
		if (rec.Host == "wasm" || a.alone) && rec.Error.Detail != "" {
			text += "\n\n" + lastLines(rec.Error.Detail, 20) // what the guest said last, for its author
		}
		return fmt.Errorf("%s%s", text, a.next("The event is kept. ", "deadletters show", rec.DeadLetter))
	}
	return nil
}

// next is the hint at the end of an error: a command on what an id names. Where
// no other command can open the folder there is none.
func (a *app) next(before, command, id string) string {
	if a.alone {
		return ""
	}
	return fmt.Sprintf("\n\n%sNext: %s %s %.8s", before, a.name(), command, id)
}

// lastLines are the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// copyTo writes an artifact to a file.
func copyTo(ctx context.Context, c *connection, digest, path string) error {
	r, err := c.Artifact(ctx, digest)
	if err != nil {
		return err
	}
	defer r.Close()
	return write(path, r)
}

// write makes a file, and the folder that it is in.
func write(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
