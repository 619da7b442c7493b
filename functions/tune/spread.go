package tune

import (
	"context"
	"fmt"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model/safetensors"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Trial is the step that does one trial of a search that is spread over events.
var Trial = step.New("trial", try,
	step.Doc("Does one trial of a search that tune has spread over events: cross-validation of one set of parameters."),
	step.Accepts(events.TrialRequested),
	step.Emits(events.TrialFinished))

// Choose is the step that gathers a batch of trials, and proposes the next or
// says what was best.
var Choose = step.New("choose", choose,
	step.Doc("Gathers the trials of a search that tune has spread over events, with join: true; it proposes the next ones, or says which was best."),
	step.Accepts(events.TrialFinished),
	step.Emits(events.TrialRequested, events.FeaturesTuned),
	step.Loops())

// A spread search travels as an artifact: what is searched, and the trials so far.
type spread struct {
	Params  Params        `json:"params"`
	Began   time.Time     `json:"began"`
	Study   *search.Study `json:"study"`
	Outputs []outputs     `json:"outputs,omitempty"` // of auto
}

// outputs are what a trial predicted for the test rows of each fold.
type outputs struct {
	Trial int        `json:"trial"`
	File  events.Ref `json:"file"`
}

// send asks for the next trials, each by an event. It says what was best where
// there are no more.
func (r *run) send(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, s spread) error {
	left := r.trials - len(r.study.Trials())
	if budget, _ := r.p.budget(); budget > 0 && call.Time.Sub(s.Began) > budget {
		call.Note("the budget of %s was spent after trial %d", r.p.Budget, len(r.study.Trials()))
		left = 0
	}
	batch := r.study.Running() // those that auto starts with
	if len(batch) == 0 {
		batch = r.study.Ask(min(r.p.rounds(r.folds)[0].Trials, left))
	}
	switch {
	case len(batch) == 0 && r.p.Auto:
		return vote(ctx, call, in, s)
	case len(batch) == 0:
		return r.finish(ctx, call, in)
	}
	ref, err := call.PutJSON(ctx, "study", events.MediaJSON, s)
	if err != nil {
		return err
	}
	set := make([]events.Payload, len(batch))
	for i, t := range batch {
		set[i] = events.TrialRequestedData{FeaturesBuiltData: in, Study: ref, Trial: t.Number}
	}
	return call.EmitSet(set...)
}

// vote chooses what votes by what the trials predicted, in their order, and says
// what was best.
func vote(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, s spread) error {
	r, err := load(ctx, call, in, s.Params)
	if err != nil {
		return err
	}
	r.study = s.Study
	files := map[int]events.Ref{}
	for _, o := range s.Outputs {
		files[o.Trial] = o.File
	}
	for _, t := range r.study.Trials() {
		file, ok := files[t.Number]
		if !ok {
			continue // it failed
		}
		var said [][]float64
		if r.bag.Admits(t.Score) {
			if said, err = predictions(ctx, call, file, r.folds); err != nil {
				return err
			}
		}
		if err := r.bag.Add(t.Number, t.Score, said); err != nil {
			return step.Permanent(err)
		}
	}
	return r.finish(ctx, call, in)
}

// keep stores what a trial predicted, fold by fold.
func keep(ctx context.Context, call *step.Call, said [][]float64) (events.Ref, error) {
	folds := map[string]learn.Tensor{}
	for k, v := range said {
		folds[fmt.Sprint(k)] = learn.Tensor{Shape: []int{len(v)}, Data: v}
	}
	b, err := safetensors.Encode(folds)
	if err != nil {
		return events.Ref{}, fmt.Errorf("writing what the trial predicted: %w", err)
	}
	return call.PutBytes(ctx, "outputs", events.MediaSafetensors, b)
}

// predictions reads what keep stored.
func predictions(ctx context.Context, call *step.Call, ref events.Ref, folds int) ([][]float64, error) {
	b, err := call.Bytes(ctx, ref)
	if err != nil {
		return nil, err
	}
	tensors, err := safetensors.Decode(b)
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("what a trial predicted, %s: %w", ref.Digest, err))
	}
	out := make([][]float64, folds)
	for k := range out {
		var ok bool
		if out[k], ok = tensors[fmt.Sprint(k)].Data.([]float64); !ok {
			return nil, step.Permanent(fmt.Errorf("what a trial predicted, %s, lacks fold %d", ref.Digest, k+1))
		}
	}
	return out, nil
}

// try does a trial. One that cannot be done is answered too, so that the others
// do not wait for it.
func try(ctx context.Context, call *step.Call, _ struct{}) error {
	in, err := events.Data[events.TrialRequestedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	var s spread
	if err := call.JSON(ctx, in.Study, &s); err != nil {
		return err
	}
	if in.Trial < 0 || in.Trial >= len(s.Study.Trials()) {
		return step.Permanent(fmt.Errorf("the study %s has no trial %d", in.Study.Digest, in.Trial))
	}
	r, err := load(ctx, call, in.FeaturesBuiltData, s.Params)
	if err != nil {
		return err
	}
	r.bag = nil // choose fills it
	t := s.Study.Trials()[in.Trial]
	done := int64(0)
	outcomes, err := r.score(ctx, []search.Trial{t}, r.folds, func() {
		done++
		call.Progress(done, int64(r.folds), "folds")
	})
	if err != nil {
		return err
	}
	o := outcomes[0]
	call.Note("trial %d: %s %.4g with %s", t.Number+1, r.metric, o.Score, words(t.Params))
	out := events.TrialFinishedData{TrialRequestedData: in, Score: o.Score, Scores: o.Scores, Also: o.Also, Error: o.Error}
	if said := r.said[t.Number]; said != nil {
		if out.Outputs, err = keep(ctx, call, said); err != nil {
			return err
		}
	}
	return call.Emit(out)
}

func choose(ctx context.Context, call *step.Call, _ struct{}) error {
	if len(call.Set) == 0 {
		return step.Permanent(fmt.Errorf("choose waits for all trials of a batch: give its step join: true"))
	}
	var s spread
	var in events.TrialFinishedData
	for i, e := range call.Set {
		t, err := events.Data[events.TrialFinishedData](e)
		if err != nil {
			return step.Permanent(err)
		}
		if i == 0 {
			in = t
			if err := call.JSON(ctx, in.Study, &s); err != nil {
				return err
			}
		}
		o := search.Outcome{Score: t.Score, Scores: t.Scores, Also: t.Also, Error: t.Error}
		if t.Error != "" {
			o.State = search.Failed
		}
		if err := s.Study.Tell(t.Trial, o); err != nil {
			return step.Permanent(fmt.Errorf("study %s: %w", in.Study.Digest, err))
		}
		if !t.Outputs.IsZero() {
			s.Outputs = append(s.Outputs, outputs{t.Trial, t.Outputs})
		}
	}
	r, err := newRun(in.FeaturesBuiltData, s.Params, 0, nil)
	if err != nil {
		return err
	}
	r.study = s.Study
	return r.send(ctx, call, in.FeaturesBuiltData, s)
}
