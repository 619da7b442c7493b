package split_test

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn/split"
)

func ExampleStratified() {
	labels := []int32{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2}
	parts, notes, err := split.Stratified(labels, []string{"common", "rare", "single"}, split.Fractions{Test: 0.25}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	counts := map[split.Part]int{}
	for _, p := range parts {
		counts[p]++
	}
	fmt.Println(counts[split.Train], "to train on,", counts[split.Test], "to test on")
	fmt.Println(notes[0])
	// Output:
	// 9 to train on, 4 to test on
	// class "single" has one row, which is used for training
}

func ExampleFolds_Plain() {
	folds, err := split.Folds{K: 3}.Plain(7)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range folds {
		fmt.Println(f.Test)
	}
	// Output:
	// [0 1 2]
	// [3 4]
	// [5 6]
}
