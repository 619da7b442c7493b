package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

// A search ends after so many trials, or seconds.
type search struct{ trials, seconds int }

func (s search) job() string {
	if s.trials > 0 {
		return fmt.Sprintf("AutoML of %d trials with a vote at the end, flights, 10,000 x 23, from the file to predictions", s.trials)
	}
	return fmt.Sprintf("the same, %d seconds of search", s.seconds)
}

// compareAuto searches from the file to the predictions of other rows. The peer is
// measured from its data frames on.
func compareAuto(runnel, python string, s search) (compare.Line, error) {
	theirs, err := peer(python, "auto", folder, strconv.Itoa(s.trials), strconv.Itoa(s.seconds))
	if err != nil {
		return compare.Line{}, err
	}
	dir, err := os.MkdirTemp("", "runnel-bench-combined-")
	if err != nil {
		return compare.Line{}, err
	}
	defer os.RemoveAll(dir)
	data, predicted := filepath.Join(dir, "data"), filepath.Join(dir, "predicted.csv")
	args := []string{runnel, "--data", data, "run", filepath.Join(folder, "train.csv"), "--target", "late", "--auto", "--name", "auto",
		"--set", "tune.metric=log_loss", "--set", "ingest.test=0.02"}
	if s.trials > 0 {
		args = append(args, "--set", fmt.Sprint("tune.trials=", s.trials))
	} else {
		args = append(args, "--set", fmt.Sprintf("tune.budget=%ds", s.seconds))
	}
	fitted, err := compare.Run(args...)
	if err != nil {
		return compare.Line{}, err
	}
	said, err := compare.Run(runnel, "--data", data, "predict", "auto", filepath.Join(folder, "test.csv"), "--out", predicted)
	if err != nil {
		return compare.Line{}, err
	}
	ours, err := peer(python, "judge", folder, predicted)
	if err != nil {
		return compare.Line{}, err
	}
	result := ours.beside(theirs.quality)
	if s.trials == 0 {
		result += fmt.Sprintf("; FLAML did %d trials", theirs.Trials)
	}
	return compare.Line{Job: s.job(), Peer: "FLAML, ensemble=True, 1 thread", Ratio: theirs.Wall / (fitted.Wall + said.Wall),
		CPU: theirs.Busy / (fitted.CPU + said.CPU), Result: result}, nil
}
