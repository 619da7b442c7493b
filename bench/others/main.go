// Command others compares k-means, nearest neighbours, naive Bayes and principal
// components with scikit-learn's, on 1,000,000 rows of 20 features, and factors of
// users and items with the package implicit's, in turns, 2 threads each. Run it in
// the repository:
//
//	go run ./bench/others
//
// The Python that has them is RUNNEL_PYTHON, .venv/bin/python if unset; what it does
// not have is left out, and that is said.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const features = 20

// A result is what one side measures: seconds, those of processor time, and how
// good it was. The loading of the data is no part of them.
type result struct {
	Fit   float64 `json:"fit"`
	Busy  float64 `json:"busy"`
	Score float64 `json:"score"`
	peak  int64
}

func main() {
	only := flag.String("only", "", "the only case to measure")
	rounds := flag.Int("rounds", 3, "how often each takes its turn")
	fit := flag.String("fit", "", "do this case's work, and print what it took as JSON")
	seed := flag.Uint64("seed", 0, "with -fit: the seed")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of it to this file")
	flag.Parse()
	compare.Main("others", func() error {
		if *fit != "" {
			r, err := measure(*fit, *seed, *profile)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(r)
		}
		return run(*only, *rounds)
	})
}

func run(only string, rounds int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var lines []compare.Line
	for _, c := range cases {
		if only != "" && c.key != only {
			continue
		}
		python, ok := compare.Python(c.of.module)
		if !ok {
			continue
		}
		if err := compare.Make(python, c.of.script, c.of.folder, c.of.last); err != nil {
			return err
		}
		var ours, theirs []result
		for seed := range rounds {
			at := strconv.Itoa(seed)
			mine, err := turn(self, "-fit", c.key, "-seed", at)
			if err != nil {
				return err
			}
			peer, err := turn(python, "-P", c.of.script, "fit", c.of.folder, c.key, at)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: %+v, %s %+v\n", c.name, mine, c.of.name, peer)
			ours, theirs = append(ours, mine), append(theirs, peer)
		}
		lines = append(lines, line(c, ours, theirs))
	}
	return compare.Publish("others", lines)
}

func turn(argv ...string) (result, error) {
	t, err := compare.Run(argv...)
	r := result{peak: t.Peak}
	if err == nil {
		err = t.JSON(&r)
	}
	return r, err
}

func line(c work, ours, theirs []result) compare.Line {
	l := compare.Line{Job: c.name, Peer: c.of.name + ", 2 threads", Rounds: len(ours)}
	var wall, busy []float64
	mine, peer := 0.0, 0.0
	for i := range ours {
		wall, busy = append(wall, theirs[i].Fit/ours[i].Fit), append(busy, theirs[i].Busy/ours[i].Busy)
		mine += ours[i].Score / float64(len(ours))
		peer += theirs[i].Score / float64(len(ours))
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	l.Ratio, l.Low, l.High = compare.Median(wall), slices.Min(wall), slices.Max(wall)
	l.CPU = compare.Median(busy)
	l.Result = fmt.Sprintf("%s %.6g / %.6g", c.score, mine, peer)
	return l
}
