package search_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn/search"
)

// long is a study that was told of so many trials.
func long(t testing.TB, trials int) *search.Study {
	st := study(t, space(t, `{"a": {"uniform": [0, 1]}, "b": {"log_uniform": [0.001, 1000]}, "c": {"int": [1, 100]}, "d": {"log_int": [1, 100000]}, "e": ["x", "y", "z"], "f": {"uniform": [-5, 5]}}`), "tpe", 1)
	r := rand.New(rand.NewPCG(1, 1))
	for range trials {
		p := map[string]any{"a": r.Float64(), "b": 0.001 + 999*r.Float64(), "c": 1 + r.IntN(100), "d": 1 + r.IntN(100000), "e": []any{"x", "y", "z"}[r.IntN(3)], "f": 10*r.Float64() - 5}
		x, err := st.Add(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Tell(x.Number, search.Outcome{Score: p["a"].(float64) + p["f"].(float64)*p["f"].(float64)}); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

// cost is the least time of a proposal, and how many bytes one asks for.
func cost(st *search.Study) (time.Duration, uint64) {
	var took []time.Duration
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const times = 20
	for range times {
		start := time.Now()
		st.Ask(1)
		took = append(took, time.Since(start))
	}
	runtime.ReadMemStats(&after)
	return slices.Min(took), (after.TotalAlloc - before.TotalAlloc) / times
}

// TestLongStudy proposes after 10,000 trials as fast as after 2,000, and in less
// than 10 ms where nothing else slows the test down by far.
func TestLongStudy(t *testing.T) {
	short, shortBytes := cost(long(t, 2000))
	took, bytes := cost(long(t, 10000))
	t.Logf("a proposal after 2,000 trials: %v, %d bytes; after 10,000: %v, %d bytes", short, shortBytes, took, bytes)
	if bytes > shortBytes*3/2 {
		t.Errorf("%d bytes after 10,000 trials, %d after 2,000", bytes, shortBytes)
	}
	if took > 3*short || took > 100*time.Millisecond {
		t.Errorf("%v after 10,000 trials, %v after 2,000", took, short)
	}
}

func BenchmarkAskAfter10000(b *testing.B) {
	st := long(b, 10000)
	for b.Loop() {
		st.Ask(1)
	}
}
