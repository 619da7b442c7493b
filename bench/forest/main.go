// Command forest compares the random forest with scikit-learn's, on the same
// data in the same run: 100 trees of depth 10 on 160,000 rows of 20 features and
// two classes, then 40,000 rows to predict. Run it in the repository:
//
//	go run ./bench/forest
//
// The Python that has scikit-learn is RUNNEL_PYTHON, .venv/bin/python if unset.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime/pprof"
	"text/tabwriter"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/tree"
)

const (
	features = 20
	script   = "bench/peers/forest.py"
	folder   = "bench/data/forest"
)

// A result is what one side reports, in seconds.
type result struct {
	Fit, Predict, Row, Accuracy float64
}

func main() {
	profile := flag.String("cpuprofile", "", "write a profile of the fits to this file, and leave out the peer")
	rounds := flag.Int("rounds", 3, "fits; the fastest counts")
	flag.Parse()
	if err := run(*profile, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "forest:", err)
		os.Exit(1)
	}
}

func run(profile string, rounds int) error {
	python := os.Getenv("RUNNEL_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import sklearn").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s has no scikit-learn (%v): set RUNNEL_PYTHON to a Python that has\n", python, err)
		return nil
	}
	if _, err := os.Stat(filepath.Join(folder, "test.y")); err != nil {
		if out, err := exec.Command(python, script, "make", folder).CombinedOutput(); err != nil {
			return fmt.Errorf("making the data: %w\n%s", err, out)
		}
	}
	x, y, err := load("train")
	if err != nil {
		return err
	}
	testX, testY, err := load("test")
	if err != nil {
		return err
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ours, err := measure(x, y, testX, testY, rounds)
	if err != nil || profile != "" {
		fmt.Printf("%+v\n", ours)
		return err
	}
	same, err := sameForThreads(x, y)
	if err != nil {
		return err
	}
	out, err := exec.Command(python, script, "fit", folder).Output()
	if err != nil {
		return fmt.Errorf("the peer: %w", err)
	}
	var peer result
	if err := json.Unmarshal(out, &peer); err != nil {
		return fmt.Errorf("what the peer printed: %w", err)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "random forest, 160,000 x 20\tscikit-learn\trunnel\tratio")
	fmt.Fprintf(w, "fit, 2 threads\t%.3g s\t%.3g s\t%.1f times faster\n", peer.Fit, ours.Fit, peer.Fit/ours.Fit)
	fmt.Fprintf(w, "predict 40,000 rows\t%.3g s\t%.3g s\t%.1f times faster\n", peer.Predict, ours.Predict, peer.Predict/ours.Predict)
	fmt.Fprintf(w, "predict 1 row\t%.3g s\t%.3g s\t%.0f times faster\n", peer.Row, ours.Row, peer.Row/ours.Row)
	fmt.Fprintf(w, "test accuracy\t%.4f\t%.4f\t%+.2f points\n", peer.Accuracy, ours.Accuracy, 100*(ours.Accuracy-peer.Accuracy))
	fmt.Fprintf(w, "1 and 2 threads, same bits\t\t%v\t\n", same)
	return w.Flush()
}

func forest() *tree.Forest {
	f := tree.NewForest()
	f.MaxDepth = 10
	return f
}

func measure(x *learn.Matrix, y *learn.Target, testX *learn.Matrix, testY *learn.Target, rounds int) (result, error) {
	best := result{Fit: math.Inf(1), Predict: math.Inf(1)}
	for range rounds {
		start := time.Now()
		m, err := forest().Fit(context.Background(), x, y, &learn.Options{Threads: 2})
		if err != nil {
			return best, err
		}
		best.Fit = min(best.Fit, time.Since(start).Seconds())
		start = time.Now()
		p := m.Predict(testX)
		best.Predict = min(best.Predict, time.Since(start).Seconds())
		one := testX.Take([]int{0})
		start = time.Now()
		for range 1000 {
			m.Predict(one)
		}
		best.Row = time.Since(start).Seconds() / 1000
		right := 0
		for i, l := range learn.Argmax(p, 2) {
			if l == testY.Labels[i] {
				right++
			}
		}
		best.Accuracy = float64(right) / float64(testX.Rows)
	}
	return best, nil
}

// sameForThreads says whether fits with 1 and 2 threads give the same bits.
func sameForThreads(x *learn.Matrix, y *learn.Target) (bool, error) {
	var states [2]learn.State
	for i := range states {
		m, err := forest().Fit(context.Background(), x, y, &learn.Options{Threads: i + 1})
		if err != nil {
			return false, err
		}
		states[i] = m.State()
	}
	return reflect.DeepEqual(states[0], states[1]), nil
}

func load(name string) (*learn.Matrix, *learn.Target, error) {
	raw, err := os.ReadFile(filepath.Join(folder, name+".x"))
	if err != nil {
		return nil, nil, err
	}
	rows := len(raw) / 8 / features
	x := &learn.Matrix{Rows: rows}
	for j := range features {
		col := make([]float64, rows)
		for i := range col {
			col[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*(j*rows+i):]))
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("x", j)), append(x.Columns, col)
	}
	if raw, err = os.ReadFile(filepath.Join(folder, name+".y")); err != nil {
		return nil, nil, err
	}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"0", "1"}, Labels: make([]int32, rows)}
	for i := range y.Labels {
		y.Labels[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return x, y, nil
}
