// Package tune is the step that searches for the estimator and the parameters
// that do best on the features, by cross-validation on the training rows. The
// step train then uses them.
package tune

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Params says what is searched, and how.
type Params struct {
	Models  []string       `json:"models" doc:"estimators to choose from; by default those of the space, or one that suits the rows"`
	Space   map[string]any `json:"space" doc:"what to try, as the params of train are written: random_forest: {max_depth: {int: [2, 20]}, n_estimators: [50, 100]}. A list is a choice; uniform, log_uniform, int and log_int take the least and the greatest value; an estimator that is not here has a space of its own"`
	Sampler string         `json:"sampler" default:"tpe" enum:"tpe,gp,random,grid" doc:"who proposes trials: tpe by what did well so far, gp by a Gaussian process, for few parameters and trials, random anything, grid every combination"`
	Prune   string         `json:"prune" default:"none" enum:"none,halving,hyperband" doc:"give up trials early: halving goes on after 1, 3, 9 folds with the best third of a batch; hyperband varies with how many it begins"`
	Trials  int            `json:"trials" default:"0" min:"0" max:"100000" doc:"most sets of parameters that are tried; 0: 50, or all of a grid"`
	Budget  string         `json:"budget" doc:"time after which no further trial begins, such as 10s or 10m; none by default; with spread, after which no further batch does"`
	Batch   int            `json:"batch" default:"0" min:"0" max:"1000" doc:"trials that are proposed together and done at the same time; 0: 1 with tpe and gp, which learn from each, 9 with halving, else 32"`
	Metric  string         `json:"metric" doc:"what is to be best, such as roc_auc or rmse; accuracy, r2 or silhouette by default, ndcg_at_k of a recommendation"`
	Folds   int            `json:"folds" default:"5" min:"2" max:"50" doc:"folds of the cross-validation"`
	K       int            `json:"k" default:"10" min:"1" max:"1000" doc:"recommendation: length of the lists that are measured"`
	CV      string         `json:"cv" default:"auto" enum:"auto,plain,stratified,group,time" doc:"how rows are divided into folds; auto goes by the group or the time that ingest has split by, else it is stratified for classes and plain for numbers; group keeps the rows of a group in one fold; time measures on later rows than were learnt from; without a target auto measures on the rows that were fitted; of a recommendation the items of each user are divided, and it is auto"`
	Repeats int            `json:"repeats" default:"1" min:"1" max:"100" doc:"how often the cross-validation is done, each time shuffled anew"`
	Auto    bool           `json:"auto" default:"false" doc:"choose among forests, boosting and a linear model, and among ways to prepare the columns, and end with a vote of the trials that do best together; with a budget and no number of trials, as many as there is time for"`
	Spread  bool           `json:"spread" default:"false" doc:"send each trial as an event, for the steps trial and choose: trials are done by whoever is free, and a crash costs one trial; a batch is 16 by default"`
	By      string         `json:"by" doc:"raw column that cv: group or cv: time goes by"`
}

// Check implements step.Checker.
func (p Params) Check() error {
	if _, known := metrics.Greater(p.Metric); p.Metric != "" && !known {
		return fmt.Errorf("metric: no metric %q%s", p.Metric, nearest.Hint(p.Metric, metrics.Names()))
	}
	if _, err := p.budget(); err != nil {
		return err
	}
	if by := p.CV == "group" || p.CV == "time"; by != (p.By != "") {
		return fmt.Errorf("by: cv: group and cv: time go by a column, the others by none; cv is %s and by is %q", p.CV, p.By)
	}
	if p.Spread && p.Prune != "none" {
		return fmt.Errorf("prune: %s compares trials within the step, and spread sends them elsewhere: use one of the two", p.Prune)
	}
	switch {
	case p.Auto && p.Sampler == "grid":
		return fmt.Errorf("auto: it begins with each family at about its defaults, which no grid holds, and most of its parameters take any number of a range: use tpe, gp or random; or a grid without auto")
	}
	return p.checkSpace()
}

func (p Params) budget() (time.Duration, error) {
	if p.Budget == "" {
		return 0, nil
	}
	if _, err := strconv.ParseFloat(p.Budget, 64); err == nil {
		return 0, fmt.Errorf("budget: %s of what? Write %ss or %sm", p.Budget, p.Budget, p.Budget)
	}
	d, err := time.ParseDuration(p.Budget)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("budget: %q is not a duration: want one such as 90s or 10m", p.Budget)
	}
	return d, nil
}

// Function is the step.
var Function = step.New("tune", handle,
	step.Doc("Searches for the estimator and the parameters that do best on the features, for train to use."),
	step.Accepts(events.FeaturesBuilt),
	step.Emits(events.FeaturesTuned, events.TrialRequested),
	step.Asks(func(params map[string]any) []string {
		if params["spread"] == true {
			return []string{events.TrialRequested, events.TrialFinished}
		}
		return nil
	}))

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.FeaturesBuiltData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	r, err := load(ctx, call, in, p)
	if err != nil {
		return err
	}
	if err := r.begin(call.Seed); err != nil {
		return err
	}
	if p.Spread {
		if p.Auto {
			r.first(r.plan.starts())
		}
		return r.send(ctx, call, in, spread{Params: r.p, Began: call.Time, Study: r.study})
	}
	budget, err := p.budget()
	if err != nil {
		return step.Permanent(err)
	}
	notes, err := reopen(ctx, call)
	if err != nil {
		return err
	}
	score := func(ctx context.Context, trials []search.Trial, folds int) ([]search.Outcome, error) {
		if outcomes := notes.recall(trials, folds); outcomes != nil {
			return outcomes, r.take(ctx, trials, outcomes)
		}
		outcomes, err := r.score(ctx, trials, folds, func() {
			r.fits++
			call.Progress(r.fits, r.total(), "fits")
		})
		if err != nil {
			return nil, err
		}
		return outcomes, notes.write(ctx, trials, folds, outcomes)
	}
	within := func(b search.Bracket) search.Bracket {
		if budget > 0 {
			b.Begin = func() int { return notes.begin(budget, len(r.study.Trials()), b.Rungs[0]) }
		}
		return b
	}
	if p.Auto {
		if err := r.begun(ctx, within(search.Bracket{Rungs: []int{r.folds}}), score); err != nil {
			return err
		}
	}
	rounds := r.p.rounds(r.folds)
	for round := 0; !notes.spent && len(r.study.Trials()) < r.trials; round++ {
		clear(r.said) // of those that were given up
		before := len(r.study.Trials())
		b := within(rounds[round%len(rounds)])
		b.Trials = min(b.Trials, r.trials-before)
		if err := r.study.Halve(ctx, b, eta, score); err != nil {
			return err
		}
		if len(r.study.Trials()) == before {
			break
		}
	}
	if notes.spent {
		call.Note("the budget of %s was spent after trial %d", p.Budget, len(r.study.Trials()))
	}
	return r.finish(ctx, call, in)
}

// total is how many fits there will be; 0 where time decides.
func (r *run) total() int64 {
	if r.trials == mostTrials {
		return 0
	}
	return int64(r.trials * r.folds)
}

// finish stores the study and the report, and says what was found.
func (r *run) finish(ctx context.Context, call *step.Call, in events.FeaturesBuiltData) error {
	best, ok := r.study.Best()
	if !ok {
		return step.Permanent(fmt.Errorf("tuning on dataset %s: none of %d trials could be done: %s", in.Dataset.Name, len(r.study.Trials()), firstError(r.study)))
	}
	if failed := r.study.Count(search.Failed); failed > 0 {
		call.Note("%d of %d trials failed, the first for this: %s", failed, len(r.study.Trials()), firstError(r.study))
	}
	choice, err := r.plan.choice(best.Params)
	found, with := best.Score, words(best.Params)
	if r.bag != nil {
		choice, err = r.ensemble()
		if found = r.bag.Score(); choice.Model == combine.KindVoting {
			with = fmt.Sprintf("a vote of %d of them", len(r.bag.Picks()))
		}
	}
	if err != nil {
		return step.Permanent(err)
	}
	if _, err := call.PutJSON(ctx, "study", events.MediaJSON, r.study); err != nil {
		return err
	}
	if _, err := call.PutBytes(ctx, "report", events.MediaHTML, r.page(in, best)); err != nil {
		return err
	}
	ref, err := call.PutJSON(ctx, "choice", events.MediaJSON, choice)
	if err != nil {
		return err
	}
	call.Note("best of %d trials: %s %.4g with %s", len(r.study.Trials()), r.metric, found, with)
	if note := r.mostClusters(best); note != "" {
		call.Note("%s", note)
	}
	return call.Emit(events.FeaturesTunedData{FeaturesBuiltData: in, Choice: ref, Metric: r.metric, Score: found, Trials: len(r.study.Trials())})
}

func firstError(s *search.Study) string {
	for _, t := range s.Trials() {
		if t.Error != "" {
			return t.Error
		}
	}
	return "there were none"
}
