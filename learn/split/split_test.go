package split

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func count(parts []Part) (n [3]int) {
	for _, p := range parts {
		n[p]++
	}
	return n
}

func TestAsScikitLearn(t *testing.T) {
	data, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Folds []struct {
			Kind         string
			Rows, K, Gap int
			Y, Groups    []int32
			Tests        [][]int
		}
		Strata []struct {
			Counts []int
			Test   float64
			Want   []int
		}
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	for i, c := range f.Folds {
		t.Run(fmt.Sprintf("%s %d", c.Kind, i), func(t *testing.T) {
			var got []Fold
			var err error
			switch of := (Folds{K: c.K}); c.Kind {
			case "plain":
				got, err = of.Plain(c.Rows)
			case "stratified":
				got, _, err = of.Stratified(c.Y, []string{"a", "b", "c"})
			case "group":
				got, err = of.Group(c.Groups)
			case "time":
				got, err = TimeSeries(c.Rows, c.K, c.Gap)
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(c.Tests) {
				t.Fatalf("%d folds, want %d", len(got), len(c.Tests))
			}
			for k, want := range c.Tests {
				if !slices.Equal(got[k].Test, want) {
					t.Errorf("fold %d tests on %v, want %v", k, got[k].Test, want)
				}
			}
		})
	}
	for _, c := range f.Strata {
		var labels []int32
		classes := strings.Split("abc", "")[:len(c.Counts)]
		for k, n := range c.Counts {
			labels = append(labels, slices.Repeat([]int32{int32(k)}, n)...)
		}
		parts, _, err := Stratified(labels, classes, Fractions{Test: c.Test}, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int, len(c.Counts))
		for _, i := range Rows(parts, Test) {
			got[labels[i]]++
		}
		if !slices.Equal(got, c.Want) {
			t.Errorf("%v: the test part has %v of each class, want %v", c.Counts, got, c.Want)
		}
	}
}

// Sizes are exact, classes proportional within a row, the same seed the same
// parts, a class's rows untouched by what other classes lie between them.
func TestStratified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := []string{"a", "b", "c"}
		labels := rapid.SliceOfN(rapid.Int32Range(0, 2), 1, 300).Draw(t, "labels")
		f := Fractions{Test: rapid.Float64Range(0, 0.5).Draw(t, "test"), Validation: rapid.Float64Range(0, 0.4).Draw(t, "validation")}
		seed := rapid.Uint64().Draw(t, "seed")
		parts, notes, err := Stratified(labels, classes, f, seed)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := f.counts(len(labels))
		got := count(parts)
		perClass := make([][3]int, 3)
		all := make([]int, 3)
		for i, l := range labels {
			perClass[l][parts[i]]++
			all[l]++
		}
		small := false // a class kept its last row in train
		for k, n := range perClass {
			if all[k] > 0 && n[Train] == 0 {
				t.Errorf("class %s has no training row", classes[k])
			}
			if all[k] == 1 && !strings.Contains(strings.Join(notes, "\n"), fmt.Sprintf("class %q has one row", classes[k])) {
				t.Errorf("no note on class %s of one row: %q", classes[k], notes)
			}
			small = small || n[Train] == 1
			share := float64(all[k]) * float64(want[Test]) / float64(len(labels))
			if d := float64(n[Test]) - share; !small && (d >= 1 || d <= -1) {
				t.Errorf("class %s: %d of %d rows in the test part of %d of %d", classes[k], n[Test], all[k], want[Test], len(labels))
			}
		}
		if got != want && !small {
			t.Errorf("parts of %v rows, want %v", got, want)
		}
		again, _, _ := Stratified(labels, classes, f, seed)
		if !slices.Equal(parts, again) {
			t.Error("the same seed made other parts")
		}
	})
}

// Every row is equally likely to be held back.
func TestRandomIsUniform(t *testing.T) {
	const rows, rounds = 20, 20_000
	hits := make([]int, rows)
	for seed := range uint64(rounds) {
		parts, err := Random(rows, Fractions{Test: 0.25, Validation: 0.1}, seed)
		if err != nil {
			t.Fatal(err)
		}
		if n := count(parts); n != [3]int{13, 2, 5} {
			t.Fatalf("parts of %v rows", n)
		}
		for _, i := range Rows(parts, Test) {
			hits[i]++
		}
	}
	for i, n := range hits {
		// Standard deviation 61; 5 of them.
		if n < rounds/4-306 || n > rounds/4+306 {
			t.Errorf("row %d was held back %d times of %d, want about %d", i, n, rounds, rounds/4)
		}
	}
}

func TestOneRow(t *testing.T) {
	parts, notes, err := Stratified([]int32{0}, []string{"a"}, Fractions{Test: 0.2}, 0)
	if err != nil || !slices.Equal(parts, []Part{Train}) || len(notes) != 1 {
		t.Errorf("parts %v, notes %q, error %v", parts, notes, err)
	}
}

func TestStreamCountsRows(t *testing.T) {
	s, _, err := NewStream([]int{2}, []string{"a"}, Fractions{Test: 0.5}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Next(0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Next(0); err == nil || !strings.Contains(err.Error(), `class "a" has more rows than were counted`) {
		t.Errorf("a third row of two: error %v", err)
	}
	if _, err := s.Next(1); err == nil || !strings.Contains(err.Error(), "label 1") {
		t.Errorf("an unknown class: error %v", err)
	}
}

func TestByTime(t *testing.T) {
	for _, c := range []struct {
		times []int64
		f     Fractions
		want  string // t, v, T
		notes int
	}{
		{[]int64{5, 1, 4, 2, 3}, Fractions{Test: 0.2}, "Ttttt", 0},
		{[]int64{5, 1, 4, 2, 3}, Fractions{Test: 0.2, Validation: 0.2}, "Ttvtt", 0},
		{[]int64{1, 2, 2, 2, 2}, Fractions{Test: 0.2}, "tTTTT", 1},
		{[]int64{1, 2, 3, 4}, Fractions{}, "tttt", 0},
		{[]int64{1, 2, 3, 3}, Fractions{Test: 0.25, Validation: 0.25}, "ttTT", 2},
	} {
		parts, notes, err := ByTime(c.times, c.f)
		if err != nil {
			t.Errorf("%v: %v", c.times, err)
			continue
		}
		var got strings.Builder
		for _, p := range parts {
			got.WriteByte("tvT"[p])
		}
		if got.String() != c.want || len(notes) != c.notes {
			t.Errorf("%v %+v: %s with notes %q, want %s with %d", c.times, c.f, got.String(), notes, c.want, c.notes)
		}
	}
	if _, _, err := ByTime([]int64{7, 7, 7}, Fractions{Test: 0.3}); err == nil || !strings.Contains(err.Error(), "share one time") {
		t.Errorf("one time only: error %v", err)
	}
}

func TestByGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.Int32Range(0, 12), 1, 200).Draw(t, "groups")
		f := Fractions{Test: rapid.Float64Range(0, 0.6).Draw(t, "test"), Validation: rapid.Float64Range(0, 0.3).Draw(t, "validation")}
		parts, _, err := ByGroup(groups, f, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		of := map[int32]Part{}
		largest := 0
		size := map[int32]int{}
		for i, g := range groups {
			if p, ok := of[g]; ok && p != parts[i] {
				t.Fatalf("group %d is in %v and %v", g, p, parts[i])
			}
			of[g] = parts[i]
			size[g]++
			largest = max(largest, size[g])
		}
		got := count(parts)
		want, _ := f.counts(len(groups))
		if got[Train] == 0 {
			t.Fatal("nothing to train on")
		}
		if d := got[Test] - want[Test]; 2*d > largest {
			t.Errorf("the test part has %d rows, want %d; the largest group has %d", got[Test], want[Test], largest)
		}
	})
}

// Every row is tested on once a repeat, and never trained on where it is.
func TestFoldsPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(10, 100).Draw(t, "rows")
		f := Folds{K: rapid.IntRange(2, 10).Draw(t, "k"), Shuffle: true, Repeats: rapid.IntRange(1, 3).Draw(t, "repeats"), Seed: rapid.Uint64().Draw(t, "seed")}
		labels := rapid.SliceOfN(rapid.Int32Range(0, 3), rows, rows).Draw(t, "labels")
		groups := make([]int32, rows)
		for i := range groups {
			groups[i] = int32(i % 10)
		}
		plain, err := f.Plain(rows)
		if err != nil {
			t.Fatal(err)
		}
		stratified, _, err := f.Stratified(labels, []string{"a", "b", "c", "d"})
		if err != nil {
			t.Fatal(err)
		}
		grouped, err := f.Group(groups)
		if err != nil {
			t.Fatal(err)
		}
		for _, folds := range [][]Fold{plain, stratified, grouped} {
			tested := make([]int, rows)
			for _, fold := range folds {
				in := make([]int, rows)
				for _, i := range fold.Test {
					tested[i]++
					in[i]++
				}
				for _, i := range fold.Train {
					in[i]++
				}
				if slices.ContainsFunc(in, func(n int) bool { return n != 1 }) {
					t.Fatal("a row is not in exactly one of train and test")
				}
			}
			if slices.ContainsFunc(tested, func(n int) bool { return n != f.Repeats }) {
				t.Fatal("a row is not tested on once a repeat")
			}
		}
		for _, fold := range grouped {
			for _, i := range fold.Test {
				for _, j := range fold.Train {
					if groups[i] == groups[j] {
						t.Fatal("a group is in train and test")
					}
				}
			}
		}
	})
}

// Later rows are never trained on, in whatever order rows stand.
func TestTimeOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, 30), 12, 60).Draw(t, "times")
		k, gap := rapid.IntRange(2, 4).Draw(t, "k"), rapid.IntRange(0, 2).Draw(t, "gap")
		folds, err := TimeOrder(times, k, gap)
		if err != nil || len(folds) != k {
			t.Fatalf("%d folds, error %v", len(folds), err)
		}
		for _, f := range folds {
			latest := int64(-1)
			for _, i := range f.Train {
				latest = max(latest, times[i])
			}
			for _, i := range f.Test {
				if times[i] < latest {
					t.Fatalf("row %d of time %d is tested on after one of %d", i, times[i], latest)
				}
			}
			if !slices.IsSorted(f.Train) || !slices.IsSorted(f.Test) {
				t.Fatal("the rows are not in order")
			}
		}
		last := folds[k-1]
		if n := len(last.Train) + gap + len(last.Test); n != len(times) {
			t.Fatalf("%d rows of %d", n, len(times))
		}
	})
}

func TestErrors(t *testing.T) {
	of := Folds{K: 5}
	for want, call := range map[string]func() error{
		"leave nothing to train on": func() error { _, err := Random(10, Fractions{Test: 1}, 0); return err },
		"no rows to divide":         func() error { _, err := Random(0, Fractions{Test: 0.2}, 0); return err },
		"label 3 in row 1":          func() error { _, _, err := Stratified([]int32{0, 3}, []string{"a"}, Fractions{}, 0); return err },
		"1 counts for 2 classes":    func() error { _, _, err := NewStream([]int{1}, []string{"a", "b"}, Fractions{}, 0); return err },
		"4 rows cannot be divided":  func() error { _, err := of.Plain(4); return err },
		"2 groups cannot":           func() error { _, err := of.Group([]int32{0, 1, 0, 1, 0, 1}); return err },
		"group -1":                  func() error { _, _, err := ByGroup([]int32{-1}, Fractions{}, 0); return err },
		"needs at least 2":          func() error { _, err := Folds{K: 1}.Plain(4); return err },
		"without shuffling":         func() error { _, err := Folds{K: 2, Repeats: 2}.Plain(4); return err },
		"too few for 5 folds":       func() error { _, err := TimeSeries(5, 5, 0); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
