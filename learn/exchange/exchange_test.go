package exchange

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/table"
)

// A threshold of float32 and the float64 that Below makes of it part all numbers
// alike, those next to it first of all.
func TestBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.OneOf(rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32), rapid.SampledFrom([]float32{-math.MaxFloat32, math.MaxFloat32, 0, math.SmallestNonzeroFloat32})).Draw(t, "threshold")
		at := Below(threshold)
		x := rapid.OneOf(rapid.Float64(), rapid.Just(at), rapid.Just(math.Nextafter(at, math.Inf(1))), rapid.Just(math.Nextafter(at, math.Inf(-1))), rapid.Just(float64(threshold))).Draw(t, "x")
		if got, want := x <= at, float32(x) < threshold; got != want {
			t.Fatalf("%v goes left of %v: %v, want %v", x, threshold, got, want)
		}
	})
}

// order and unorder number the floats one by one.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "v") + 0
		next := math.Nextafter(v, math.Inf(1))
		if unorder(order(v)) != v || v != 0 && next != 0 && order(next) != order(v)+1 {
			t.Fatalf("%v is %d, and the next number %d", v, order(v), order(next))
		}
	})
}

func TestCategoriesOf(t *testing.T) {
	for list, want := range map[string]Categories{
		`["b", "a"]`:          {table.String, []string{"b", "a"}},
		`[3, 1]`:              {table.Int64, []string{"3", "1"}},
		`[1, 2.5]`:            {table.Float64, []string{"1", "2.5"}},
		`[false, true]`:       {table.Bool, []string{"false", "true"}},
		`["a", 1]`:            {table.String, []string{"a", "1"}},
		`[]`:                  {table.String, []string{}},
		`["a", "a"]`:          {},
		`[null]`:              {},
		`[1e999]`:             {},
		`["` + long() + `"]`:  {},
		`[{"a": 1}]`:          {},
		`[9007199254740993]`:  {table.Float64, []string{"9.007199254740992e+15"}},
		`[1.5, "x", 2, true]`: {table.String, []string{"1.5", "x", "2", "true"}},
	} {
		d := json.NewDecoder(strings.NewReader(list))
		d.UseNumber()
		var values []any
		if err := d.Decode(&values); err != nil {
			t.Fatal(err)
		}
		got, err := CategoriesOf(values)
		if (err != nil) != (want.Kind == 0 && want.Values == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%.40s: %v (error %v), want %v", list, got, err, want)
		}
	}
}

func long() string { return strings.Repeat("x", MaxText+1) }

// A hostile file makes no tree of what is none.
func TestBoosterRefuses(t *testing.T) {
	leaf := EmptyTree(0, 1)
	for want, change := range map[string]func(b *Booster){
		"tree 0 adds to output 3 of 1":       func(b *Booster) { b.Ensemble.Trees[0].Output = 3 },
		"on one path alone":                  func(b *Booster) { b.Ensemble.Trees = []ensemble.Tree{loop()} },
		"two features are named \"a\"":       func(b *Booster) { b.Ensemble.Features = []string{"a", "a"} },
		"feature 1 has a name of 0 bytes":    func(b *Booster) { b.Ensemble.Features = []string{"a", ""} },
		"1 to 4096, of UTF-8":                func(b *Booster) { b.Ensemble.Features = []string{"a", "\xff"} },
		"it has a NaN at 0":                  func(b *Booster) { b.Ensemble.Trees[0].Value[0] = math.NaN() },
		"the greatest that is held is 65535": func(b *Booster) { b.Ensemble.Trees = []ensemble.Tree{wide()} },
	} {
		b := &Booster{Ensemble: &ensemble.Ensemble{Features: []string{"a", "b"}, Base: []float64{0}, Link: ensemble.Identity, Trees: []ensemble.Tree{leaf}}}
		change(b)
		_, err := b.Model(nil)
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(want, "it ")) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func loop() ensemble.Tree {
	t := EmptyTree(0, 0)
	t.Feature[0] = 0 // its children are itself
	return t
}

func wide() ensemble.Tree {
	set := make([]uint64, 1025)
	set[1024] = 1
	return ensemble.Tree{Feature: []int32{0, -1, -1}, Threshold: make([]float64, 3), MissingLeft: make([]bool, 3), Left: []int32{1, 0, 0},
		Right: []int32{2, 0, 0}, Cover: make([]float64, 3), Value: make([]float64, 3), Categories: [][]uint64{set, nil, nil}}
}

// TestSets: what is bounded are words that a file does not name the members of.
func TestSets(t *testing.T) {
	const wide = 20_000 / 64
	var full, thin Sets
	for range 1_000_000 {
		if err := full.Add(wide, wide/4); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for thin.Add(wide, 1) == nil {
		n++
	}
	if n > MaxWords/(wide-5) {
		t.Errorf("%d sets of one member and %d words are taken", n, wide)
	}
}
