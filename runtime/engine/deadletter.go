package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// failureIndex numbers the step.failed event, far from those that a function emits.
const failureIndex = 1 << 20

// A DeadLetter is an event that a step was given up on, whole: all that is
// needed to understand what happened and to send it again.
type DeadLetter struct {
	ID        string         `json:"id"`
	Event     events.Event   `json:"event"`
	Set       []events.Event `json:"set,omitempty"` // of a join
	Run       string         `json:"run"`
	Pipeline  string         `json:"pipeline"`
	Version   string         `json:"version"`
	Step      string         `json:"step"`
	Function  string         `json:"function"`
	Error     Failure        `json:"error"`
	Attempts  []Attempt      `json:"attempts"`
	FailedAt  time.Time      `json:"failedAt"`
	RedriveNo int            `json:"redriveNo"`          // how often the event had been redriven when it failed
	Redriven  *time.Time     `json:"redriven,omitempty"` // when this dead letter was; filled in on reading, as is
	Discarded *time.Time     `json:"discarded,omitempty"`
}

// giveUp writes the dead letter and gives the record that says so. The record
// emits step.failed, and its presence keeps the event from being tried again.
func (t *task) giveUp(ctx context.Context, rec Record, cause error) (Record, error) {
	now := t.Now().UTC()
	f := failureOf(cause)
	n, _ := strconv.Atoi(events.Extension(t.event, events.Redrive)) // 0 where it was not redriven
	from := t.p.Emitter(t.s)
	last := Attempt{Number: t.attempts(), Failure: *f, StartedAt: rec.StartedAt, Seconds: now.Sub(rec.StartedAt).Seconds()}
	dl := DeadLetter{
		ID: deadLetterID(t.event, from, n), Event: t.event, Set: t.set, Run: t.run, Pipeline: t.p.Name,
		Version: t.p.Version, Step: t.s.Name, Function: t.s.Function, Error: *f, Attempts: append(t.failures, last), FailedAt: now, RedriveNo: n,
	}
	err := t.Store.Create(ctx, deadLetterKey(dl.ID), dl)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return rec, fmt.Errorf("writing the dead letter: %w", err)
	}
	ev, err := events.NewChild(t.event, from, failureIndex+n, now, "", events.StepFailedData{
		Step: t.s.Name, Class: string(f.Class), Message: f.Message, Attempts: t.attempts(), DeadLetter: dl.ID})
	if err != nil {
		return rec, err
	}
	rec.Status, rec.Error, rec.DeadLetter = Failed, f, dl.ID
	rec.Seconds = now.Sub(rec.StartedAt).Seconds()
	rec.Events = []events.Event{ev}
	return rec, nil
}

// redriven takes up an event that was sent again for the n-th time.
func (t *task) redriven(ctx context.Context, n string) error {
	t.key = generation(t.event.ID(), n)
	if !t.s.Join {
		return nil
	}
	count, err := strconv.Atoi(n)
	if err != nil {
		return fmt.Errorf("event %s: extension %s: %w", t.event.ID(), events.Redrive, err)
	}
	dl, err := GetDeadLetter(ctx, t.Store, deadLetterID(t.event, t.p.Emitter(t.s), count-1))
	t.set = dl.Set
	return err
}

// generation is the key of an event that was redriven n times.
func generation(event, n string) string { return event + "~" + n }

// deadLetterID is that of an event that failed after it was redriven n times.
func deadLetterID(ev events.Event, from events.Emitter, n int) string {
	return events.ChildID(ev, from, failureIndex+n)
}

func deadLetterKey(id string) string { return store.Key("deadletters", id) }
func redrivenKey(id string) string   { return store.Key("redriven", id) }
func fateKey(id string) string       { return store.Key("fates", id) }

// What may be decided of a dead letter.
const (
	toRedrive = "redrive"
	toDiscard = "discard"
)

// A fate is what was decided of a dead letter. It is created if absent, so that
// of those who decide at once one does. A redrive is decided first, then
// published, and last recorded as done: where it was cut off in between, the dead
// letter is still open, and may only be redriven.
type fate struct {
	To string    `json:"to"`
	At time.Time `json:"at"`
}

// decide is a refusal where something else was decided before.
func (dl *DeadLetter) decide(ctx context.Context, s *store.Store, f fate) error {
	err := s.Create(ctx, fateKey(dl.ID), f)
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	var before fate
	if err := s.Get(ctx, fateKey(dl.ID), &before); err != nil || before.To == f.To {
		return err
	}
	if before.To == toDiscard {
		return refusal(fmt.Sprintf("dead letter %.8s was discarded: `runnel runs replay %.8s` runs its upload again", dl.ID, dl.Run))
	}
	return refusal(fmt.Sprintf("dead letter %.8s was redriven: should its event fail again, that is a dead letter of its own", dl.ID))
}

// A LetterQuery says which dead letters are asked for: by default the open ones.
type LetterQuery struct {
	Prefix  string // of their ids
	Decided bool   // those that were redriven or discarded too
	Limit   int    // so many of the newest; 0: all
}

// Letters are the dead letters that were asked for, the newest first.
type Letters struct {
	Letters []DeadLetter `json:"letters"`
	Open    int          `json:"open"`    // how many there are of the prefix
	Decided int          `json:"decided"` // redriven or discarded
}

// DeadLetters lists dead letters. Of those that were decided and are not asked
// for only the names are read.
func DeadLetters(ctx context.Context, s *store.Store, q LetterQuery) (Letters, error) {
	out := Letters{Letters: []DeadLetter{}}
	decided, err := decidedLetters(ctx, s, q.Prefix)
	if err != nil {
		return out, err
	}
	for key, err := range s.List(ctx, beginning("deadletters", q.Prefix)) {
		if err != nil {
			return out, err
		}
		open := !decided[lastPart(key)]
		if open {
			out.Open++
		} else {
			out.Decided++
		}
		if !open && !q.Decided {
			continue
		}
		var dl DeadLetter
		err := s.Get(ctx, key, &dl)
		if err == nil && !open {
			err = dl.loadFate(ctx, s)
		}
		if err != nil {
			return out, err
		}
		out.Letters = append(out.Letters, dl)
	}
	slices.SortFunc(out.Letters, func(a, b DeadLetter) int {
		return cmp.Or(b.FailedAt.Compare(a.FailedAt), cmp.Compare(a.ID, b.ID))
	})
	if q.Limit > 0 && len(out.Letters) > q.Limit {
		out.Letters = slices.Clip(out.Letters[:q.Limit])
	}
	return out, nil
}

// decidedLetters are the ids of the dead letters that were redriven or discarded.
func decidedLetters(ctx context.Context, s *store.Store, prefix string) (map[string]bool, error) {
	ids := map[string]bool{}
	for key, err := range s.List(ctx, beginning("redriven", prefix)) {
		if err != nil {
			return nil, err
		}
		ids[lastPart(key)] = true
	}
	for key, err := range s.List(ctx, beginning("fates", prefix)) {
		if err != nil {
			return nil, err
		}
		id := lastPart(key)
		if ids[id] {
			continue
		}
		var f fate
		if err := s.Get(ctx, key, &f); err != nil {
			return nil, err
		}
		ids[id] = f.To == toDiscard
	}
	return ids, nil
}

// beginning is what the keys of a kind begin with whose ids have the prefix.
func beginning(kind, prefix string) string {
	if prefix == "" {
		return kind + "/"
	}
	return store.Key(kind, prefix)
}

func lastPart(key string) string {
	parts := store.Parts(key)
	return parts[len(parts)-1]
}

// GetDeadLetter reads one dead letter.
func GetDeadLetter(ctx context.Context, s *store.Store, id string) (DeadLetter, error) {
	var dl DeadLetter
	err := s.Get(ctx, deadLetterKey(id), &dl)
	if errors.Is(err, store.ErrNotFound) {
		return dl, fmt.Errorf("no dead letter %q: `runnel deadletters list` shows those that there are: %w", id, err)
	}
	if err != nil {
		return dl, err
	}
	return dl, dl.loadFate(ctx, s)
}

// Open tells whether nobody has decided yet what becomes of the dead letter.
func (dl *DeadLetter) Open() bool { return dl.Redriven == nil && dl.Discarded == nil }

// loadFate finds out what has become of the dead letter.
func (dl *DeadLetter) loadFate(ctx context.Context, s *store.Store) error {
	var at time.Time
	switch err := s.Get(ctx, redrivenKey(dl.ID), &at); {
	case err == nil:
		dl.Redriven = &at
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	var f fate
	switch err := s.Get(ctx, fateKey(dl.ID), &f); {
	case err == nil && f.To == toDiscard:
		dl.Discarded = &f.At
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	return nil
}

// Discard notes that a dead letter needs no more attention. It is kept, as the
// record of what its run came to. One that was redriven is store.ErrConflict.
func Discard(ctx context.Context, s *store.Store, id string, at time.Time) (DeadLetter, error) {
	dl, err := GetDeadLetter(ctx, s, id)
	if err != nil || dl.Discarded != nil {
		return dl, err
	}
	if err := dl.decide(ctx, s, fate{toDiscard, at.UTC()}); err != nil {
		return dl, err
	}
	return dl, dl.loadFate(ctx, s)
}

// Redrive sends the event of a dead letter again, to the step that failed, by
// the version of the pipeline that it failed in. A dead letter is redriven
// once: what fails again makes a new one. One that was discarded is
// store.ErrConflict.
func (e *Engine) Redrive(ctx context.Context, id string) (DeadLetter, error) {
	dl, err := GetDeadLetter(ctx, e.Store, id)
	if err != nil {
		return dl, err
	}
	at, err := cancelledAt(ctx, e.Store, dl.Run)
	if err != nil {
		return dl, err
	}
	if !at.IsZero() {
		return dl, refusal(fmt.Sprintf("run %.8s was cancelled: `runnel runs replay %.8s` runs its upload again", dl.Run, dl.Run))
	}
	now := e.Now().UTC()
	if err := dl.decide(ctx, e.Store, fate{toRedrive, now}); err != nil {
		return dl, err
	}
	ev := dl.Event.Clone()
	ev.SetExtension(events.Redrive, strconv.Itoa(dl.RedriveNo+1))
	ev.SetExtension(events.RedriveStep, dl.Step)
	if events.Extension(ev, events.Pipeline) == "" {
		ev.SetExtension(events.Pipeline, dl.Pipeline)
		ev.SetExtension(events.PipelineVersion, dl.Version)
	}
	if err := e.Bus.Publish(ctx, ev); err != nil {
		return dl, step.Retryable(err) // which names the event
	}
	if err := e.Store.Create(ctx, redrivenKey(id), now); err != nil && !errors.Is(err, store.ErrExists) {
		return dl, err
	}
	if dl.Redriven == nil {
		dl.Redriven = &now
	}
	return dl, nil
}

// lastGeneration is the answer of a step to an event, the last there is where
// the event was redriven; generations is 0 where there is none yet.
func lastGeneration(ctx context.Context, s *store.Store, run string, p *pipeline.Pipeline, step, event string) (rec Record, generations int, err error) {
	for key := event; ; key = generation(event, strconv.Itoa(generations)) {
		var r Record
		err := s.Get(ctx, resultKey(answerID(run, p.Name, step, key)), &r)
		if errors.Is(err, store.ErrNotFound) {
			return rec, generations, nil
		}
		if err != nil {
			return rec, generations, err
		}
		rec = r
		if generations++; rec.Status != Failed {
			return rec, generations, nil // what did not fail is not redriven
		}
	}
}
