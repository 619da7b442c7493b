package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/store"
)

// The list by the index is that of all records, sorted, while runs are added.
func TestRunsAreListedByTheIndex(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all []engine.Run
	add := func(n int) {
		for range n {
			ev, err := events.NewRoot("/test", "x", time.Unix(0, 0), events.IngestRequestedData{URL: "test:x"}, fmt.Sprint(rand.Uint64()))
			if err != nil {
				t.Fatal(err)
			}
			r := engine.Run{ID: ev.ID(), Event: ev, AcceptedAt: time.Unix(rand.Int64N(1e6), 0).UTC()}
			if err := s.Create(t.Context(), store.Key("runs", r.ID), r); err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		slices.SortFunc(all, func(a, b engine.Run) int { return b.AcceptedAt.Compare(a.AcceptedAt) })
	}
	segments := func() int {
		n, err := s.Latest(t.Context(), "runindex", nil)
		if err != nil {
			return 0
		}
		return n
	}
	for _, step := range []struct{ add, segments int }{{0, 0}, {3, 0}, {300, 1}, {5, 1}, {700, 2}} {
		add(step.add)
		for _, limit := range []int{0, 1, 20} {
			runs, err := engine.Runs(t.Context(), s, limit)
			if err != nil {
				t.Fatal(err)
			}
			want := all
			if limit > 0 {
				want = all[:min(limit, len(all))]
			}
			same := slices.EqualFunc(runs, want, func(a, b engine.Run) bool { return a.AcceptedAt.Equal(b.AcceptedAt) })
			if !same {
				t.Fatalf("of %d runs, limit %d: other runs or another order", len(all), limit)
			}
		}
		if got := segments(); got != step.segments {
			t.Errorf("of %d runs the index has %d segments, want %d", len(all), got, step.segments)
		}
	}
	ids, err := engine.RunsLike(t.Context(), s, all[0].ID[:12])
	if err != nil || len(ids) != 1 || ids[0] != all[0].ID {
		t.Errorf("%v, %v", ids, err)
	}
	if ids, err = engine.RunsLike(t.Context(), s, ""); len(ids) != len(all) || err != nil {
		t.Errorf("%d ids of %d, %v", len(ids), len(all), err)
	}
}
