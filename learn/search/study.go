package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/internal/json"
)

// A State is how far a trial is.
type State string

// The states of a trial.
const (
	Running  State = "running"  // proposed, not told
	Complete State = "complete" // it has a score
	Pruned   State = "pruned"   // given up early: its intermediate scores were low
	Failed   State = "failed"   // it could not be done
)

// A Trial is one set of parameters, and what came of it.
type Trial struct {
	Number int            `json:"number"` // from 0
	Params map[string]any `json:"params"`
	State  State          `json:"state"`
	Score  float64        `json:"score"`            // of a complete trial; of a pruned one where it was given up
	Scores []float64      `json:"scores,omitempty"` // intermediate ones, such as those of the folds
	Error  string         `json:"error,omitempty"`

	Also map[string]float64 `json:"also,omitempty"` // other metrics that are worth a look

	point []float64
}

// An Outcome is what a trial is told to have come to.
type Outcome struct {
	State  State // Complete by default
	Score  float64
	Scores []float64 // nil: those that were reported
	Error  string
	Also   map[string]float64 `json:",omitempty"` // other metrics
}

// A Sampler proposes trials: see Grid, Random and TPE.
type Sampler interface {
	// name is what the sampler is written down as.
	name() string
	// check says why the space cannot be searched by it.
	check(s *Space) error
	// suggest proposes a point for the trial of that number; nil: there is none left.
	suggest(h *history, number int, r *rand.Rand) []float64
}

// Options say how a study searches. Nil stands for the defaults.
type Options struct {
	Sampler  Sampler // nil: &TPE{}
	Minimize bool    // the best score is the least
	Seed     uint64
}

// A Study is a search for the parameters of the best score. It is not safe for
// concurrent use.
type Study struct {
	space   *Space
	sampler Sampler
	sign    float64 // a score times sign is the better the less it is
	seed    uint64
	trials  []Trial
	history history
}

// New makes a study without trials.
func New(space *Space, o *Options) (*Study, error) {
	if o == nil {
		o = &Options{}
	}
	s := &Study{space: space, sampler: o.Sampler, sign: -1, seed: o.Seed}
	if s.sampler == nil {
		s.sampler = &TPE{}
	}
	if o.Minimize {
		s.sign = 1
	}
	s.history.space = space
	return s, s.sampler.check(space)
}

// Space is what is searched.
func (s *Study) Space() *Space { return s.space }

// Minimize tells whether the best score is the least.
func (s *Study) Minimize() bool { return s.sign > 0 }

// Ask proposes n trials, which are to be told. Fewer come where a grid ends.
// Trials that are asked for together do not depend on each other's scores, so
// they may be done at the same time.
func (s *Study) Ask(n int) []Trial {
	first := len(s.trials)
	for range n {
		number := len(s.trials)
		v := s.sampler.suggest(&s.history, number, random(s.seed, number))
		if v == nil {
			break
		}
		s.add(Trial{Number: number, Params: s.space.values(v), State: Running, point: v})
	}
	return slices.Clone(s.trials[first:])
}

// random is the generator of a trial: neighbouring numbers are scattered, as
// PCG's first values from neighbouring seeds are not independent.
func random(seed uint64, number int) *rand.Rand {
	scatter := func(z uint64) uint64 { // splitmix64's output function (Steele et al., 2014)
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	a := scatter(seed + 0x9e3779b97f4a7c15)
	b := scatter(a ^ scatter(uint64(number)+0x9e3779b97f4a7c15))
	return rand.New(rand.NewPCG(b, scatter(b+0x9e3779b97f4a7c15)))
}

func (s *Study) add(t Trial) {
	s.trials = append(s.trials, t)
	if g, ok := s.sampler.(*Grid); ok {
		if next := g.suggest(&s.history, 0, nil); next != nil && key(next) == key(t.point) {
			s.history.grid = t.point
		}
	}
	s.history.asked(t.point)
}

// Add gives the study a trial that it did not propose, such as parameters that
// are known to be good, and returns it. It is to be told as any other.
func (s *Study) Add(params map[string]any) (Trial, error) {
	v, err := s.space.point(params)
	if err != nil {
		return Trial{}, err
	}
	s.add(Trial{Number: len(s.trials), Params: s.space.values(v), State: Running, point: v})
	return s.trials[len(s.trials)-1], nil
}

// Tell says what came of a trial. A score that is no number is a failure.
func (s *Study) Tell(number int, o Outcome) error {
	if number < 0 || number >= len(s.trials) {
		return fmt.Errorf("search: no trial %d: %d were asked for", number, len(s.trials))
	}
	t := &s.trials[number]
	if t.State != Running {
		return fmt.Errorf("search: trial %d was told already: it is %s", number, t.State)
	}
	if o.State == "" {
		o.State = Complete
	}
	switch {
	case o.State != Complete && o.State != Pruned && o.State != Failed:
		return fmt.Errorf("search: trial %d: %q is no state to end in: there are complete, pruned, failed", number, o.State)
	case o.State != Failed && (math.IsNaN(o.Score) || math.IsInf(o.Score, 0)):
		o.State, o.Error = Failed, fmt.Sprintf("its score is %v", o.Score)
	}
	if o.State == Failed {
		o.Score = 0
	}
	if o.Scores == nil {
		o.Scores = t.Scores
	}
	o.Scores = slices.DeleteFunc(slices.Clone(o.Scores), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	t.State, t.Score, t.Scores, t.Error, t.Also = o.State, o.Score, o.Scores, o.Error, o.Also
	s.history.told(t, s.sign)
	return nil
}

// Trials lists the trials by number.
func (s *Study) Trials() []Trial { return slices.Clone(s.trials) }

// Running lists the trials that were asked for and not told. After a crash they
// are done again.
func (s *Study) Running() []Trial {
	return slices.DeleteFunc(s.Trials(), func(t Trial) bool { return t.State != Running })
}

// Best is the complete trial of the best score, the first of equals; false where
// there is none.
func (s *Study) Best() (Trial, bool) {
	best := -1
	for i, t := range s.trials {
		if t.State == Complete && (best < 0 || s.sign*t.Score < s.sign*s.trials[best].Score) {
			best = i
		}
	}
	if best < 0 {
		return Trial{}, false
	}
	return s.trials[best], true
}

type studyJSON struct {
	Sampler  string          `json:"sampler"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Seed     uint64          `json:"seed"`
	Minimize bool            `json:"minimize,omitempty"`
	Space    []Param         `json:"space"`
	Trials   []Trial         `json:"trials"`
}

// MarshalJSON writes the study down: all that UnmarshalJSON needs to go on.
func (s *Study) MarshalJSON() ([]byte, error) {
	trials := s.trials
	if trials == nil {
		trials = []Trial{}
	}
	settings, err := json.Marshal(s.sampler)
	if err != nil {
		return nil, err
	}
	return json.Marshal(studyJSON{s.sampler.name(), settings, s.seed, s.Minimize(), s.space.params, trials})
}

// UnmarshalJSON reads a study. It goes on as the one that was written would have.
func (s *Study) UnmarshalJSON(b []byte) error {
	var in studyJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("search: reading a study: %w", err)
	}
	space, err := NewSpace(in.Space...)
	if err != nil {
		return fmt.Errorf("search: reading a study: %w", err)
	}
	sampler, err := Named(in.Sampler)
	if err != nil {
		return fmt.Errorf("search: reading a study: %w", err)
	}
	if in.Settings != nil {
		if err := json.Unmarshal(in.Settings, sampler); err != nil {
			return fmt.Errorf("search: reading a study: the settings of %s: %w", in.Sampler, err)
		}
	}
	read, err := New(space, &Options{Sampler: sampler, Seed: in.Seed, Minimize: in.Minimize})
	if err != nil {
		return fmt.Errorf("search: reading a study: %w", err)
	}
	for i, t := range in.Trials {
		if t.Number != i {
			return fmt.Errorf("search: reading a study: trial %d is at place %d", t.Number, i)
		}
		if _, err := read.Add(t.Params); err != nil {
			return fmt.Errorf("search: reading a study: trial %d: %w", i, err)
		}
		if t.State == Running {
			for _, v := range t.Scores {
				if err := read.Report(i, v); err != nil {
					return fmt.Errorf("search: reading a study: %w", err)
				}
			}
			continue
		}
		if err := read.Tell(i, Outcome{t.State, t.Score, t.Scores, t.Error, t.Also}); err != nil {
			return fmt.Errorf("search: reading a study: %w", err)
		}
	}
	*s = *read
	return nil
}

// Count is the number of trials in a state.
func (s *Study) Count(state State) int {
	n := 0
	for _, t := range s.trials {
		if t.State == state {
			n++
		}
	}
	return n
}
