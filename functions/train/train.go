// Package train is the step that fits a model: the features' transformers and an
// estimator together, so that the model predicts from raw rows.
package train

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/runtime/schema"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// Params says which estimator is fitted, and how.
type Params struct {
	Model string `json:"model" default:"auto" enum:"auto,random_forest,extra_trees,gradient_boosting,logistic,linear,ridge,lasso,elastic_net,sgd,neural_network,neighbors,naive_bayes,kmeans,isolation_forest,als,voting,stacking,baseline" doc:"the estimator; auto is a random forest of depth 16, or a linear model for fewer than 50 rows; k-means of a clustering, an isolation forest where anomalies are searched for, and factors by alternating least squares (als) of a recommendation"`
	estimator.Params
	Threshold calibrate.ThresholdParams `json:"threshold" doc:"of two classes: from which probability of the second on a row is said to be of it"`
	Continue  string                    `json:"continue" doc:"goes on from a version of a registered model, such as churn@3, by one round over the new rows, and keeps its transforms and parameters, so that others beside it are refused; of sgd only"`
}

// autoDepth bounds the trees of a forest that nobody chose. Leaves of single
// rows make probabilities of 0 and 1: on 336,776 flights this depth has the
// better AUC and log loss, at half the time and a quarter of the size of
// trees of any depth. On small tables trees do not get there.
const autoDepth = 16

// Function is the step.
var Function = step.New("train", handle,
	step.Doc("Fits an estimator to the features and makes a model of it and the transformers."),
	step.Accepts(events.FeaturesBuilt, events.FeaturesTuned),
	step.Emits(events.ModelTrained),
	step.ChecksOn(func(eventType string, params map[string]any) error {
		p, err := schema.Decode[Params](schema.Of[Params](), params)
		if err != nil {
			return err
		}
		return p.checkOn(eventType)
	}))

func handle(ctx context.Context, call *step.Call, p Params) error {
	if err := p.checkOn(call.Event.Type()); err != nil {
		if p.Continue != "" {
			return step.Permanent(err)
		}
		call.Note("not used: params.%v", err) // a stored definition may have them
	}
	in, own, err := features(ctx, call, &p)
	if err != nil {
		return err
	}
	if err := p.Threshold.CheckOf(learn.Task(in.Raw.Task), len(in.Raw.Classes)); err != nil {
		return step.Permanent(err)
	}
	if p.Continue != "" {
		return p.resume(ctx, call, in)
	}
	if learn.Task(in.Raw.Task) == learn.Recommendation {
		return p.recommend(ctx, call, in)
	}
	d, err := data(ctx, call, in, own)
	if err != nil {
		return err
	}
	if p.Model == "auto" {
		p.Model = estimator.Default(d.y.Task, d.x.Rows())
		if p.Forest.MaxDepth == 0 {
			p.Forest.MaxDepth = autoDepth
		}
		call.Note("model: %s (chosen for %d rows)", p.Model, d.x.Rows())
	}
	entry, err := estimator.Find(p.Model, d.y.Task)
	if err != nil {
		return step.Permanent(err)
	}
	if d.groups, err = p.groups(ctx, call, in.Raw, d); err != nil {
		return err
	}
	m, matrix, err := d.fit(ctx, call, entry, p)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return step.Permanent(fmt.Errorf("fitting %s to dataset %s: %w", p.Model, in.Dataset.Name, err))
	}
	if err := describe(ctx, call, m, in); err != nil {
		return err
	}
	return finish(ctx, call, m, p.Model, matrix, d.y, d.weights, in)
}

// finish measures a model on the rows that it learnt from, stores it, and tells of it.
func finish(ctx context.Context, call *step.Call, m *model.Model, estimatorName string, x *learn.Matrix, y *learn.Target, weights []float64, in events.FeaturesBuiltData) error {
	all := x.Rows
	if x, y, weights = some(x, y, weights); x.Rows < all {
		call.Note("training metrics are those of %d of the %d training rows", x.Rows, all)
	}
	threshold := m.Threshold
	if d, ok := m.Estimator.(model.Detector); ok {
		threshold = d.Threshold()
	}
	report, err := estimator.Judge(ctx, x, y, m.Estimator.Predict(x), threshold, &learn.Options{Seed: call.Seed, Weights: weights})
	if err != nil {
		return step.Permanent(err)
	}
	m.Metrics = map[string]float64{}
	for name, v := range report.Metrics {
		m.Metrics["train_"+name] = v
	}
	ref, err := fitted.PutModel(ctx, call, m)
	if err != nil {
		return err
	}
	return call.Emit(events.ModelTrainedData{Raw: in.Raw, Features: in.Dataset, Estimator: estimatorName, Model: ref, Metrics: report.Metrics, Notes: call.Notes()})
}

// features reads the event. Of one that tells what a search found, the
// estimator and its parameters take the place of the step's, and transforms
// those of the features.
func features(ctx context.Context, call *step.Call, p *Params) (events.FeaturesBuiltData, []preprocess.Description, error) {
	if call.Event.Type() != events.FeaturesTuned {
		in, err := events.Data[events.FeaturesBuiltData](call.Event)
		if err != nil {
			err = step.Permanent(err)
		}
		return in, nil, err
	}
	in, err := events.Data[events.FeaturesTunedData](call.Event)
	if err != nil {
		return in.FeaturesBuiltData, nil, step.Permanent(err)
	}
	c, err := fitted.Chosen(ctx, call, in.Choice)
	if err != nil {
		return in.FeaturesBuiltData, nil, err
	}
	b, err := json.Marshal(c.Params)
	if err == nil {
		err = json.Unmarshal(b, &p.Params)
	}
	if err != nil {
		return in.FeaturesBuiltData, nil, step.Permanent(fmt.Errorf("what the search found, %s: %w", in.Choice.Digest, err))
	}
	p.Model = c.Model
	call.Note("model: %s (chosen of %d trials)", c.Model, in.Trials)
	return in.FeaturesBuiltData, c.Transforms, nil
}

// fit fits the estimator's own transforms and the estimator, and returns the model
// and the matrix that it was fitted on.
func (d *training) fit(ctx context.Context, call *step.Call, entry estimator.Entry, p Params) (*model.Model, *learn.Matrix, error) {
	y := d.y
	opts := &learn.Options{Seed: call.Seed, Weights: d.weights, Groups: d.groups, Progress: func(done, total int) { call.Progress(int64(done), int64(total), entry.Unit) }}
	graph, x, err := d.graph.Then(ctx, d.x, y, opts, entry.Prepare()...)
	if err != nil {
		return nil, nil, err
	}
	features := x.Names()
	matrix, err := preprocess.Matrix(x, features)
	if err != nil {
		return nil, nil, err
	}
	fittedModel, err := entry.New(p.Params).Fit(ctx, matrix, y, opts)
	if err != nil {
		return nil, nil, err
	}
	p.remark(call, fittedModel, matrix.Rows)
	used, err := p.Used(entry.Name, y.Task)
	if err != nil {
		return nil, nil, err
	}
	m := &model.Model{Task: y.Task, Classes: y.Classes, Graph: graph, Features: features, Estimator: fittedModel,
		Params: used, Threshold: p.Threshold.At, Seed: call.Seed}
	if p.Threshold.Chosen() {
		unseen, err := combine.Unseen(ctx, entry.New(p.Params), matrix, y, p.Threshold.Folds, &learn.Options{Seed: call.Seed, Weights: d.weights, Groups: d.groups})
		if err != nil {
			return nil, nil, fmt.Errorf("threshold: %w", err)
		}
		var value float64
		if m.Threshold, value, err = p.Threshold.Threshold(y, unseen, d.weights); err != nil {
			return nil, nil, err
		}
		call.Note("threshold: %.4g of %s, with a %s of %.4g on rows that were not fitted on", m.Threshold, y.Classes[1], p.Threshold.Metric, value)
	}
	return m, matrix, nil
}

// remark says what the numbers that were asked for came to, where the rows decide,
// and takes over the number of clusters that they did.
func (p *Params) remark(call *step.Call, fitted learn.Model, rows int) {
	switch m := fitted.(type) {
	case *cluster.Clusters:
		k, last := len(m.Centers), len(m.Tried)+1
		switch {
		case last == 1 && k < p.KMeans.K:
			call.Note("k: %d clusters, of %d that were asked for: no more rows differ", k, p.KMeans.K)
		case last == 1:
		case k == last:
			call.Note("k: %d clusters, whose silhouette is the largest of 2 to %d: it is the most that was tried, and more may do better (kmeans.k, or a search by tune)", k, last)
		default:
			call.Note("k: %d clusters, whose silhouette is the largest of 2 to %d", k, last)
		}
		if last > 1 {
			p.KMeans.K = k
		}
	case *tree.IsolationModel:
		if n := p.Isolation.MaxSamples; n > 1 && int(n) > rows {
			call.Note("max_samples: each tree has all %d rows, fewer than the %v that were asked for", rows, n)
		}
	}
}

// mostMeasured is on how many training rows a model is measured at most. What it
// says of rows that it has learnt from is no more than a hint.
const mostMeasured = 50_000

// some takes mostMeasured rows at even distances, where there are more.
func some(x *learn.Matrix, y *learn.Target, weights []float64) (*learn.Matrix, *learn.Target, []float64) {
	if x.Rows <= mostMeasured {
		return x, y, weights
	}
	rows := make([]int, mostMeasured)
	for i := range rows {
		rows[i] = int(int64(i) * int64(x.Rows) / mostMeasured)
	}
	return x.Take(rows), y.Take(rows), learn.TakeWeights(weights, rows)
}

// sketches are the statistics that a model carries to measure drift against: at
// most some 10 KB a column.
func sketches() *stats.Options { return &stats.Options{Exact: 256, K: 256} }

// describe adds what the model says about its data: the raw columns that it
// takes, their statistics, and where it came from.
func describe(ctx context.Context, call *step.Call, m *model.Model, in events.FeaturesBuiltData) error {
	raw, split, err := call.Dataset(ctx, in.Raw)
	if err != nil {
		return err
	}
	train := raw.Take(step.RowsOf(split, step.Train, raw.Rows()))
	m.Target, m.TargetKind = in.Raw.Target, table.Int64
	if target := raw.Column(m.Target); m.Task.Supervised() {
		m.TargetKind = target.Kind
	}
	m.Inputs = model.Describe(train, append(in.Raw.Aside(), m.Graph.Ignored()...)...)
	manifest, err := call.Manifest(ctx, in.Raw)
	if err != nil {
		return err
	}
	for i := range m.Inputs {
		m.Inputs[i].DateOrder = manifest.DateOrder[m.Inputs[i].Name]
	}
	return origin(m, in, train)
}

// origin adds the statistics of the rows that a model was trained on, and where
// they came from.
func origin(m *model.Model, in events.FeaturesBuiltData, train *table.Table) (err error) {
	if m.Statistics, err = json.Marshal(stats.Of(train, sketches())); err != nil {
		return fmt.Errorf("the statistics of dataset %s: %w", in.Raw.Name, err)
	}
	m.Lineage, err = json.Marshal(map[string]any{
		"dataset": in.Raw.Name, "rows": in.Raw.Rows, "manifest": in.Raw.Manifest.Digest,
		"features": in.Dataset.Manifest.Digest, "transformers": in.Transformers.Digest,
	})
	return err
}
