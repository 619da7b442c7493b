package train_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
)

// TestRowsDecide says where the rows decide what a param comes to.
func TestRowsDecide(t *testing.T) {
	heaps := func(n int) []byte { // of six rows each, far from each other
		var b strings.Builder
		b.WriteString("x,y\n")
		for i := range n {
			for j := range 6 {
				fmt.Fprintf(&b, "%d.%d,%d.%d\n", 100*i, j, 100*(i*i%n), j*j%6)
			}
		}
		return []byte(b.String())
	}
	for _, c := range []struct {
		task   string
		heaps  int
		params map[string]any
		want   string // "": nothing is said
	}{
		{"clustering", 4, nil, "k: 4 clusters, whose silhouette is the largest of 2 to 10"},
		{"clustering", 14, nil, "k: 10 clusters, whose silhouette is the largest of 2 to 10: it is the most that was tried, and more may do better (kmeans.k, or a search by tune)"},
		{"clustering", 4, map[string]any{"kmeans": map[string]any{"k": 4}}, ""},
		{"clustering", 4, map[string]any{"kmeans": map[string]any{"k": 1}}, ""},
		{"clustering", 4, map[string]any{"kmeans": map[string]any{"k": 30}}, "k: 24 clusters, of 30 that were asked for: no more rows differ"},
		{"anomaly_detection", 4, map[string]any{"isolation_forest": map[string]any{"max_samples": 24}}, ""},
		{"anomaly_detection", 4, map[string]any{"isolation_forest": map[string]any{"max_samples": 0.5}}, ""},
		{"anomaly_detection", 4, map[string]any{"isolation_forest": map[string]any{"max_samples": 5000}}, "max_samples: each tree has all 24 rows, fewer than the 5000 that were asked for"},
	} {
		r := functest.Chain(t, "heaps.csv", heaps(c.heaps), functest.Params{"ingest": {"task": c.task}, "train": c.params})
		said := slices.DeleteFunc(r.Results["train"].Notes, func(note string) bool {
			return !strings.HasPrefix(note, "k: ") && !strings.HasPrefix(note, "max_samples: ")
		})
		if strings.Join(said, "\n") != c.want {
			t.Errorf("%s of %d heaps, %v: %q, want %q (%v)", c.task, c.heaps, c.params, said, c.want, r.Err)
		}
	}
}
