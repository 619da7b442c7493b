package compare

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
)

// A Case is one job, which this program and its peers do in turns, each time in a
// process of its own.
type Case struct {
	ID, Job string
	// Peers makes the data ready, and says who does the same: nobody where something
	// lacks, which it says.
	Peers func() ([]Peer, error)
	// Fit is this program's turn.
	Fit func(Part) (Side, error)
	// Lines compares all rounds of both sides. It is called when all have had their turns:
	// the peak of a process counts the memory of the one that starts it.
	Lines func(job, peer string, ours, theirs []Side) ([]Line, error)
}

// A Peer is another program: what starts it prints a Side as JSON.
type Peer struct {
	Name   string
	Argv   []string
	Seeded bool // its last argument is the round
	Once   bool // it takes part in the first round only
}

// A Side is what a program measured of itself, in seconds, by the clock and of
// processor time (Busy), and how good its model is. What it did not measure is 0.
type Side struct {
	Fit          float64   `json:"fit"`
	Busy         float64   `json:"busy"`
	Predict      float64   `json:"predict,omitempty"`
	PredictBusy  float64   `json:"predict_busy,omitempty"`
	Row          float64   `json:"row,omitempty"` // predicting one row
	Score        float64   `json:"score,omitempty"`
	Scores       []float64 `json:"scores,omitempty"`       // of a search: of its trials, fold by fold, or of its studies
	Coefficients []float64 `json:"coefficients,omitempty"` // of a linear model
	Intercept    float64   `json:"intercept,omitempty"`
	Peak         int64     `json:"-"` // bytes of memory
}

// A Part is one turn of this program.
type Part struct {
	Seed    uint64 // the round
	profile string
}

// Measure says what do took; a profile of it is written where one is asked for.
func (p Part) Measure(do func() error) (Cost, error) {
	return Measure(func() error { return Profile(p.profile, do) })
}

// Turns is the main of a benchmark: of all cases, of one, or with -fit of one turn.
func Turns(bench string, cases []Case) {
	only := flag.String("only", "", "the only case to measure")
	rounds := flag.Int("rounds", 3, "how often each takes its turn")
	fit := flag.String("fit", "", "do this program's turn of a case, and print what it took as JSON")
	seed := flag.Uint64("seed", 0, "with -fit: the round")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of it to this file")
	flag.Parse()
	Main(bench, func() error {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		found := false
		var lines []func() ([]Line, error)
		for _, c := range cases {
			if of := *only + *fit; of != "" && of != c.ID {
				continue
			}
			found = true
			if *fit != "" {
				s, err := c.Fit(Part{*seed, *profile})
				if err != nil {
					return err
				}
				return json.NewEncoder(os.Stdout).Encode(s)
			}
			more, err := c.turns(self, *rounds)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Job, err)
			}
			lines = append(lines, more...)
		}
		if !found {
			return fmt.Errorf("there is no case %q", *only+*fit)
		}
		var all []Line
		for _, of := range lines {
			more, err := of()
			if err != nil {
				return err
			}
			all = append(all, more...)
		}
		if len(all) == 0 {
			return nil
		}
		return Publish(bench, all)
	})
}

// turns lets each side do its part in turn, this program under the name self, and
// returns what makes each peer's lines.
func (c Case) turns(self string, rounds int) (lines []func() ([]Line, error), err error) {
	peers, err := c.Peers()
	if err != nil || len(peers) == 0 {
		return nil, err
	}
	all := append([]Peer{{Name: "runnel", Argv: []string{self, "-fit", c.ID, "-seed"}, Seeded: true}}, peers...)
	got := make([][]Side, len(all))
	for round := range rounds {
		for i, p := range all {
			if p.Once && round > 0 {
				continue
			}
			argv := p.Argv
			if p.Seeded {
				argv = append(argv[:len(argv):len(argv)], strconv.Itoa(round))
			}
			t, err := Run(argv...)
			if err != nil {
				return nil, err
			}
			s := Side{Peak: t.Peak}
			if err := t.JSON(&s); err != nil {
				return nil, err
			}
			fmt.Fprintf(os.Stderr, "%s, %s: %.3g s (%.3g of processor time), score %.6g\n", c.Job, p.Name, s.Fit, s.Busy, s.Score)
			got[i] = append(got[i], s)
		}
	}
	for i, p := range peers {
		lines = append(lines, func() ([]Line, error) {
			theirs := got[i+1]
			return c.Lines(c.Job, p.Name, got[0][:len(theirs)], theirs)
		})
	}
	return lines, nil
}

// Fits compares what fitting took.
func Fits(job, peer string, ours, theirs []Side) Line {
	return Middle(job, peer, turnsOf(ours, fitted), turnsOf(theirs, fitted))
}

func fitted(s Side) Turn { return Turn{Wall: s.Fit, CPU: s.Busy} }

// Predicts compares what predicting many rows took.
func Predicts(job, peer string, ours, theirs []Side) Line {
	of := func(s Side) Turn { return Turn{Wall: s.Predict, CPU: s.PredictBusy} }
	return Middle(job, peer, turnsOf(ours, of), turnsOf(theirs, of))
}

// Rows compares what predicting a row took.
func Rows(job, peer string, ours, theirs []Side) Line {
	of := func(s Side) Turn { return Turn{Wall: s.Row} }
	l := Middle(job, peer, turnsOf(ours, of), turnsOf(theirs, of))
	l.Memory, l.Theirs = 0, 0
	return l
}

func turnsOf(sides []Side, of func(Side) Turn) (turns []Turn) {
	for _, s := range sides {
		t := of(s)
		t.Peak = s.Peak
		turns = append(turns, t)
	}
	return turns
}

// Score is the mean over all rounds.
func Score(of []Side) float64 {
	sum := 0.0
	for _, s := range of {
		sum += s.Score / float64(len(of))
	}
	return sum
}
