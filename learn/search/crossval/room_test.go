package crossval

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// worded is a table of texts of two classes in folds, and an estimator of them.
func worded(t *testing.T, rows, folds int) (d Data, entry estimator.Entry) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	words, y := make([]string, rows), &learn.Target{Task: learn.Classification, Classes: []string{"no", "yes"}, Labels: make([]int32, rows)}
	for i := range rows {
		y.Labels[i] = int32(i % 2)
		for range 10 {
			words[i] += fmt.Sprintf("word%c%c ", 'a'+r.IntN(8), 'a'+r.IntN(26))
		}
	}
	x, err := table.New(table.StringColumn("text", words))
	if err != nil {
		t.Fatal(err)
	}
	d = Data{X: x, Y: y}
	if d.Folds, _, err = (Scheme{Folds: folds, Seed: 3}).Plan(y); err != nil {
		t.Fatal(err)
	}
	if entry, err = estimator.Find("naive_bayes", learn.Classification); err != nil {
		t.Fatal(err)
	}
	return d, entry
}

// What is kept fits into memory by what features are, not by the columns that they
// are made of: text becomes many.
func TestRoom(t *testing.T) {
	const rows, folds, terms = 120, 5, 40
	d, entry := worded(t, rows, folds)
	var candidates []Candidate
	for k := range 4 { // of different features
		candidates = append(candidates, Candidate{Entry: entry, Specs: []preprocess.Spec{&preprocess.Tfidf{MaxFeatures: terms + k}}})
	}
	const one = 8 * rows * (terms + 1) // a fold's features
	kept := func(e *Evaluator) (bytes, places int) {
		for _, of := range e.prepared {
			for _, f := range of {
				places++
				bytes += 8 * (f.train.Rows + f.test.Rows) * len(f.train.Columns)
			}
		}
		return bytes, places
	}
	var want []Result
	for _, c := range []struct {
		folds  int // that there is room for
		places int // that are kept after all candidates at once, and after one by one
		single int
	}{{100, 20, 20}, {12, 0, 10}, {7, 0, 5}, {3, 0, 0}, {0, 0, 0}} {
		memory := int64(c.folds*one) + one/2
		e, err := New(d, &Options{Threads: 2, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Score(t.Context(), candidates, 0, folds, func() {
			e.lock.Lock()
			defer e.lock.Unlock()
			if b, places := len(e.prepared), 0; b > 0 {
				for _, of := range e.prepared {
					places += len(of)
				}
				if places > max(1, c.folds) {
					t.Errorf("room for %d folds: %d at the same time", c.folds, places)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if b, places := kept(e); places != c.places || int64(b) > memory {
			t.Errorf("room for %d folds: %d are kept in %d bytes, want %d in %d", c.folds, places, b, c.places, memory)
		}
		for i, candidate := range candidates {
			alone, err := e.Score(t.Context(), []Candidate{candidate}, 0, folds, nil)
			if err != nil {
				t.Fatal(err)
			}
			if b, places := kept(e); int64(b) > memory || i == len(candidates)-1 && places != c.single {
				t.Errorf("room for %d folds: %d are kept in %d bytes after candidate %d, want %d in %d", c.folds, places, b, i, c.single, memory)
			}
			if fmt.Sprint(alone[0]) != fmt.Sprint(got[i]) || got[i].Err != nil {
				t.Errorf("candidate %d alone is %v, with the others %v", i, alone[0], got[i])
			}
		}
		if want == nil {
			want = got
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("room for %d folds: results %v, want %v", c.folds, got, want)
		}
	}
}

// counted counts how often it is fitted.
type counted struct {
	*preprocess.Tfidf
	n *atomic.Int64
}

func (c counted) MarshalJSON() ([]byte, error) { return json.Marshal(c.Tfidf) }

func (c counted) Fit(ctx context.Context, x *table.Table, y *learn.Target, opts *learn.Options) (preprocess.Transformer, error) {
	c.n.Add(1)
	return c.Tfidf.Fit(ctx, x, y, opts)
}

// Where there is room for one fold's features, candidates that have the same follow
// each other, so that they are made once and not for each candidate.
func TestRoomOfTurns(t *testing.T) {
	const rows, folds, terms, kinds = 120, 5, 40, 3
	d, entry := worded(t, rows, folds)
	var n atomic.Int64
	var candidates []Candidate
	for k := range 24 {
		candidates = append(candidates, Candidate{Entry: entry, Specs: []preprocess.Spec{counted{&preprocess.Tfidf{MaxFeatures: terms + k%kinds}, &n}}})
	}
	e, err := New(d, &Options{Threads: 2, Memory: 8 * rows * (terms + kinds)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Score(t.Context(), candidates, 0, folds, nil); err != nil {
		t.Fatal(err)
	}
	if n.Load() > (folds+1)*kinds { // once more where they are measured
		t.Errorf("%d features of %d folds are made %d times", kinds, folds, n.Load())
	}
}
