package tune_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/tune"
)

// heaps is a table of n heaps of six rows each, far from each other.
func heaps(n int) []byte {
	var b strings.Builder
	b.WriteString("x,y\n")
	for i := range n {
		for j := range 6 {
			fmt.Fprintf(&b, "%d.%d,%d.%d\n", 100*i, j, 100*(i*i%n), j*j%6)
		}
	}
	return []byte(b.String())
}

// TestMostClusters says where the best number of clusters is the last that was tried.
func TestMostClusters(t *testing.T) {
	for _, c := range []struct {
		heaps  int
		params string
		want   string // "": nothing is said
	}{
		{4, `{}`, ""},
		{14, `{}`, "k: 12 is the most that was tried, and more clusters may do better: search further, as by tune.space={kmeans: {k: {int: [12, 36]}}}"},
		{14, `{"space": {"kmeans": {"k": {"int": [10, 20]}}}}`, ""},
		{14, `{"space": {"kmeans": {"k": [5], "init": ["random", "k-means++"]}}}`, ""},
		{4, `{"metric": "inertia"}`, "k: 12, the most that was tried: inertia falls with every further cluster, so choose by the elbow in the report, or search by another metric"},
	} {
		r := functest.Chain(t, "heaps.csv", heaps(c.heaps), functest.Params{"ingest": {"task": "clustering"}}).Must(t)
		said := slices.DeleteFunc(r.Env.Invoke(t, tune.Function, r.Built, params(t, c.params)).Notes, func(note string) bool { return !strings.HasPrefix(note, "k: ") })
		if strings.Join(said, "\n") != c.want {
			t.Errorf("%d heaps, %s: %q, want %q", c.heaps, c.params, said, c.want)
		}
	}
}
