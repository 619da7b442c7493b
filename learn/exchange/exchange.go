// Package exchange is what the formats of other libraries have in common: how a
// model that was read becomes one of ours, and which of ours a format can hold.
// The formats are the packages below it.
//
// A file is read without executing anything in it. What a format cannot carry is
// an error that says what, where, and what to do instead: nothing is left out in
// silence.
package exchange

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// What a file may hold at most. They bound what is allocated for a hostile one,
// and are far above what the libraries make.
const (
	MaxBytes    = 1 << 30
	MaxTrees    = 1 << 18
	MaxNodes    = 1 << 22 // of a tree
	MaxAll      = 1 << 26 // nodes of all trees
	MaxDepth    = 4096
	MaxFeatures = 1 << 20
	MaxClasses  = 1 << 14
	MaxText     = 1 << 12 // bytes of a name
	MaxMembers  = 1 << 25 // categories of all sets that splits are on
	MaxWords    = 1 << 24 // of 64 bits, that these sets take
	MaxCoded    = 1 << 12 // features whose categories have names
	MaxEmpty    = 1 << 16 // trees that are added where outputs have unequal numbers of them
)

// Sets counts the words of the sets of categories of a file.
type Sets int

// Add reports words beyond MaxWords and some for each member that the file names.
func (s *Sets) Add(words, members int) error {
	if *s += Sets(max(0, words-4*members)); *s > MaxWords {
		return fmt.Errorf("its sets of categories take more than %d words of 64 categories: train with fewer categories a column, or fewer trees", MaxWords)
	}
	return nil
}

// Options say what a file does not: nil is the defaults.
type Options struct {
	Target  string   // name of the column that is predicted; "": target
	Classes []string // of a classification, in the order of the file; nil: those of the file, or 0, 1, 2, ...
}

// target is the name of the predicted column.
func (o *Options) target() string {
	if o == nil || o.Target == "" {
		return "target"
	}
	return o.Target
}

// Outcome fills in what a model predicts: its task and target and, of a
// classification, the names of the classes. own are those that the file names.
func (o *Options) Outcome(m *model.Model, task learn.Task, classes int, own []string, kind table.Kind) error {
	m.Task = task
	if task != learn.Classification && o != nil && o.Classes != nil {
		return fmt.Errorf("classes are named, and the file is of a %s: leave them out", task)
	}
	if !task.Supervised() {
		if o != nil && o.Target != "" {
			return fmt.Errorf("a target is named, and the file is of a %s, which has none: leave it out", task)
		}
		return nil
	}
	m.Target, m.TargetKind = o.target(), table.Float64
	if task == learn.Regression {
		return nil
	}
	m.Classes, m.TargetKind = own, kind
	if own == nil {
		m.TargetKind = table.Int64
		for k := range classes {
			m.Classes = append(m.Classes, strconv.Itoa(k))
		}
	}
	if o != nil && o.Classes != nil {
		m.Classes, m.TargetKind = o.Classes, table.String
	}
	if len(m.Classes) != classes {
		return fmt.Errorf("%d classes are named, and the file has %d: name as many, in the file's order", len(m.Classes), classes)
	}
	seen := map[string]bool{}
	for _, c := range m.Classes {
		if c == "" || !IsText(c) || seen[c] {
			return fmt.Errorf("the class %.100q is blank, too long, there twice or no UTF-8: name %d different classes", c, classes)
		}
		seen[c] = true
	}
	return nil
}

// IsText reports whether a text can be stored as a name or a category.
func IsText(s string) bool { return len(s) <= MaxText && utf8.ValidString(s) }

// Names checks the names of features: none is blank, too long or there twice.
func Names(names []string) error {
	seen := make(map[string]bool, len(names))
	for j, name := range names {
		switch {
		case name == "" || !IsText(name):
			return fmt.Errorf("feature %d has a name of %d bytes: want 1 to %d, of UTF-8", j, len(name), MaxText)
		case seen[name]:
			return fmt.Errorf("two features are named %.100q: name them differently before the model is saved", name)
		}
		seen[name] = true
	}
	return nil
}

// Finite reports a value that is no number, and where it is.
func Finite(what string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s has a %v at %d: want a finite number", what, v, i)
		}
	}
	return nil
}

// EmptyTree is a tree of one leaf.
func EmptyTree(output int, value float64) ensemble.Tree {
	return ensemble.Tree{Feature: []int32{-1}, Threshold: []float64{0}, MissingLeft: []bool{false},
		Left: []int32{0}, Right: []int32{0}, Cover: []float64{0}, Value: []float64{value}, Output: output}
}

// Below is the greatest float64 that is, as a float32, less than t: what goes left
// of t is at most Below(t).
func Below(t float32) float64 {
	t += 0 // -0 becomes 0
	last := float64(math.Nextafter32(t, float32(math.Inf(-1))))
	if math.IsInf(last, -1) {
		last = -0x1p128 // what would come next rounds to -Inf from half way on
	}
	middle := (last + float64(t)) / 2 // exact: it has one bit more
	if float32(middle) < t {
		return middle
	}
	return math.Nextafter(middle, math.Inf(-1))
}
