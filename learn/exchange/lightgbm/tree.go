package lightgbm

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
)

// The bits of a decision_type (include/LightGBM/tree.h).
const (
	categoryBit    = 1
	defaultLeftBit = 2
	missingShift   = 2 // none, zero or NaN is missing
	missingNone    = 0
	missingZero    = 1
	missingNaN     = 2
)

// A branches is the splits of a tree as a file has them: a child that is not
// negative is a split, and -1, -2, ... are leaves 0, 1, ...
type branches struct {
	feature, decision, left, right []int
	threshold, gain                []float64
	boundaries                     []int // of the sets of categories, in words
	words                          []uint32
	sets                           [][]uint64 // that splits name, and share
}

// readTree reads a tree: its splits come first, then its leaves.
func readTree(f fields, features []string, gain []float64, categorical []bool) (*ensemble.Tree, error) {
	if f["is_linear"] == "1" {
		return nil, fmt.Errorf("its leaves hold linear models (linear_tree=true), which no tree here has: train without linear_tree")
	}
	leaves, err := strconv.Atoi(f["num_leaves"])
	if err != nil || leaves < 1 || leaves > exchange.MaxNodes/2 {
		return nil, fmt.Errorf("num_leaves is %.20q: want 1 to %d", f["num_leaves"], exchange.MaxNodes/2)
	}
	splits := leaves - 1
	var s branches
	in := reader{f: f}
	value := numbers(&in, "leaf_value", leaves, true, parseFloat)
	covers := append(numbers(&in, "internal_count", splits, false, parseFloat), numbers(&in, "leaf_count", leaves, false, parseFloat)...)
	s.feature = numbers(&in, "split_feature", splits, true, strconv.Atoi)
	s.decision = numbers(&in, "decision_type", splits, true, strconv.Atoi)
	s.threshold = numbers(&in, "threshold", splits, true, parseFloat)
	s.gain = numbers(&in, "split_gain", splits, false, parseFloat)
	s.left = numbers(&in, "left_child", splits, true, strconv.Atoi)
	s.right = numbers(&in, "right_child", splits, true, strconv.Atoi)
	if sets, _ := strconv.Atoi(f["num_cat"]); sets > 0 && in.err == nil {
		s.boundaries = numbers(&in, "cat_boundaries", sets+1, true, strconv.Atoi)
		if in.err == nil {
			s.words = numbers(&in, "cat_threshold", s.boundaries[sets], true, parseWord)
			s.sets = make([][]uint64, sets)
		}
		for k := range s.sets { // of words of its own each, so that all sets together have as many as the file
			if from, to := s.boundaries[k], s.boundaries[k+1]; from < 0 || to < from {
				return nil, fmt.Errorf("cat_boundaries is %d after %d: want numbers that ascend from 0", to, from)
			}
		}
	}
	if in.err != nil {
		return nil, in.err
	}
	n := splits + leaves
	t := &ensemble.Tree{Feature: make([]int32, n), Threshold: make([]float64, n), MissingLeft: make([]bool, n),
		Left: make([]int32, n), Right: make([]int32, n), Cover: covers, Value: append(make([]float64, splits), value...)}
	if len(covers) != n {
		t.Cover = make([]float64, n)
	}
	for _, v := range [][]float64{t.Value, t.Cover} {
		if err := exchange.Finite("leaf_value or a count", v); err != nil {
			return nil, err
		}
	}
	for i := range n {
		if i >= splits {
			t.Feature[i] = -1
			continue
		}
		if err := s.set(t, i, features, categorical); err != nil {
			return nil, fmt.Errorf("split %d: %w", i, err)
		}
		if g := s.gain; g != nil && g[i] > 0 {
			gain[s.feature[i]] += g[i]
		}
	}
	return t, nil
}

// set writes split i.
func (s *branches) set(t *ensemble.Tree, i int, features []string, categorical []bool) error {
	f, splits := s.feature[i], len(s.feature)
	if f < 0 || f >= len(features) {
		return fmt.Errorf("it looks at feature %d of %d", f, len(features))
	}
	for _, side := range []struct {
		child int
		to    *int32
	}{{s.left[i], &t.Left[i]}, {s.right[i], &t.Right[i]}} {
		at := side.child
		if at < 0 {
			at = splits - 1 - at
		}
		if at < 0 || at >= len(t.Feature) {
			return fmt.Errorf("its child is %d, of %d splits and %d leaves", side.child, splits, splits+1)
		}
		*side.to = int32(at)
	}
	t.Feature[i] = int32(f)
	decision, threshold := s.decision[i], s.threshold[i]
	if decision&categoryBit != 0 {
		categorical[f] = true
		return s.setCategories(t, i)
	}
	if math.IsNaN(threshold) || math.IsInf(threshold, 0) {
		return fmt.Errorf("its threshold is %v", threshold)
	}
	t.Threshold[i], t.MissingLeft[i] = threshold, decision&defaultLeftBit != 0
	switch decision >> missingShift & 3 {
	case missingNone: // a missing value counts as 0
		t.MissingLeft[i] = 0 <= threshold
	case missingZero:
		if t.MissingLeft[i] != (0 <= threshold) {
			return fmt.Errorf("0 counts as missing at feature %q (zero_as_missing=true) and goes the other way than its neighbours: train with zero_as_missing=false, zeros replaced by NaN", features[f])
		}
	case missingNaN:
	default:
		return fmt.Errorf("its decision_type is %d", decision)
	}
	return nil
}

// setCategories writes a split on categories: those of the set go left, and all
// others and missing ones right.
func (s *branches) setCategories(t *ensemble.Tree, i int) error {
	v := s.threshold[i]
	if !(v >= 0 && v < float64(len(s.sets))) || v != math.Trunc(v) {
		return fmt.Errorf("its set of categories is %v of %d", v, len(s.sets))
	}
	at := int(v)
	if s.sets[at] == nil {
		words := s.words[s.boundaries[at]:s.boundaries[at+1]]
		s.sets[at] = make([]uint64, max(1, (len(words)+1)/2))
		for k, w := range words {
			s.sets[at][k/2] |= uint64(w) << (32 * (k % 2))
		}
	}
	if t.Categories == nil {
		t.Categories = make([][]uint64, len(t.Feature))
	}
	t.Categories[i] = s.sets[at]
	return nil
}

// A reader takes lists of numbers of a block until one is not as it should be.
type reader struct {
	f   fields
	err error
}

// numbers are the numbers of a field, want of them; one that need not be there is nil then.
func numbers[T any](r *reader, name string, want int, needed bool, parse func(string) (T, error)) []T {
	words := strings.Fields(r.f[name])
	if r.err != nil || !needed && len(words) == 0 {
		return nil
	}
	if len(words) != want {
		r.err = fmt.Errorf("%s has %d values, want %d", name, len(words), want)
		return nil
	}
	out := make([]T, len(words))
	for i, w := range words {
		v, err := parse(w)
		if err != nil {
			r.err = fmt.Errorf("%s: value %d is %.40q", name, i, w)
			return nil
		}
		out[i] = v
	}
	return out
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

func parseWord(s string) (uint32, error) {
	v, err := strconv.ParseUint(s, 10, 32)
	return uint32(v), err
}
