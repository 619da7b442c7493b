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
	"fmt"

	"github.com/runnel-dev/runnel/bench/compare"
)

func main() {
	var cases []compare.Case
	for _, w := range works {
		cases = append(cases, compare.Case{ID: w.key, Job: w.name, Peers: w.beside, Fit: w.measure, Lines: w.lines})
	}
	compare.Turns("others", cases)
}

func (w work) beside() ([]compare.Peer, error) {
	python, ok := compare.Python(w.of.module)
	if !ok {
		return nil, nil
	}
	return []compare.Peer{{Name: w.of.name + ", 2 threads", Argv: []string{python, "-P", w.of.script, "fit", w.of.folder, w.key}, Seeded: true}},
		compare.Make(python, w.of.script, w.of.folder, w.of.last)
}

func (w work) lines(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	l := compare.Fits(job, peer, ours, theirs)
	l.Result = fmt.Sprintf("%s %.6g / %.6g", w.score, compare.Score(ours), compare.Score(theirs))
	return []compare.Line{l}, nil
}
