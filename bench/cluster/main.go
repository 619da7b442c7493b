// Command cluster compares k-means with scikit-learn's on 1,000,000 rows of 20
// features, in turns, 2 threads each. Run it in the repository:
//
//	go run ./bench/cluster
//
// The Python that has scikit-learn is RUNNEL_PYTHON, .venv/bin/python if unset.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
)

const (
	script   = "bench/peers/cluster.py"
	data     = "bench/data/cluster.f8"
	features = 20
	rounds   = 3
)

// A setting is one comparison; the peer is told starts, passes, tolerance and batch.
type setting struct {
	name   string
	params cluster.KMeans
}

var settings = []setting{
	{"k-means, 1,000,000 x 20, k = 20, best of 4 starts", cluster.KMeans{K: 20, Starts: 4, MaxIter: 300, Tolerance: 1e-4}},
	{"k-means++ and 30 passes", cluster.KMeans{K: 20, Starts: 1, MaxIter: 30}},
	{"k-means by mini-batches of 1,024, one start", cluster.KMeans{K: 20, Starts: 1, MaxIter: 100, Batch: 1024}},
}

// A result is what one side measures: seconds, those of processor time, and the
// sum of squared distances that is left.
type result struct {
	Fit     float64 `json:"fit"`
	Busy    float64 `json:"busy"`
	Inertia float64 `json:"inertia"`
	peak    int64
}

func main() {
	fit := flag.Int("fit", -1, "do this comparison's fit, and print what it took as JSON")
	seed := flag.Uint64("seed", 0, "with -fit: the seed")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of the fit to this file")
	flag.Parse()
	var err error
	if *fit >= 0 {
		err = measure(settings[*fit].params, *seed, *profile)
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run() error {
	python, ok := compare.Python("sklearn")
	if !ok {
		return nil
	}
	if _, err := os.Stat(data); err != nil {
		if err := os.MkdirAll("bench/data", 0o755); err != nil {
			return err
		}
		if _, err := compare.Run(python, "-P", script, "make", data); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var lines []compare.Line
	for i, s := range settings {
		var ours, theirs []result
		p := s.params
		for seed := range rounds {
			at := strconv.Itoa(seed)
			mine, err := turn(self, "-fit", strconv.Itoa(i), "-seed", at)
			if err != nil {
				return err
			}
			peer, err := turn(python, "-P", script, "fit", data, fmt.Sprintf("%d,%d,%v,%d", p.Starts, p.MaxIter, p.Tolerance, p.Batch), at)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: %+v, scikit-learn %+v\n", s.name, mine, peer)
			ours, theirs = append(ours, mine), append(theirs, peer)
		}
		lines = append(lines, line(s.name, ours, theirs))
	}
	return compare.Publish("cluster", lines)
}

func turn(argv ...string) (result, error) {
	t, err := compare.Run(argv...)
	r := result{peak: t.Peak}
	if err == nil {
		err = t.JSON(&r)
	}
	return r, err
}

func line(name string, ours, theirs []result) compare.Line {
	l := compare.Line{Job: name, Peer: "scikit-learn, 2 threads", Rounds: len(ours)}
	var wall, busy []float64
	mine, peer := 0.0, 0.0
	for i := range ours {
		wall = append(wall, theirs[i].Fit/ours[i].Fit)
		busy = append(busy, theirs[i].Busy/ours[i].Busy)
		mine += ours[i].Inertia / float64(len(ours))
		peer += theirs[i].Inertia / float64(len(ours))
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	l.Ratio, l.Low, l.High = compare.Median(wall), slices.Min(wall), slices.Max(wall)
	l.CPU = compare.Median(busy)
	l.Result = fmt.Sprintf("mean inertia %.6g / %.6g", mine, peer)
	return l
}

func measure(params cluster.KMeans, seed uint64, profile string) error {
	x, err := load()
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
	}
	start, busy := time.Now(), processorTime()
	c, _, err := params.Fit(context.Background(), x, &learn.Options{Threads: 2, Seed: seed})
	if err != nil {
		return err
	}
	pprof.StopCPUProfile()
	return json.NewEncoder(os.Stdout).Encode(result{Fit: time.Since(start).Seconds(), Busy: processorTime() - busy, Inertia: c.Inertia})
}

// load reads the columns that the peer's script wrote.
func load() (*learn.Matrix, error) {
	file, err := os.Open(data)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	x, from := &learn.Matrix{Rows: int(info.Size() / 8 / features)}, bufio.NewReader(file)
	for j := range features {
		col := make([]float64, x.Rows)
		if err := binary.Read(from, binary.LittleEndian, col); err != nil {
			return nil, err
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("x", j)), append(x.Columns, col)
	}
	return x, nil
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
