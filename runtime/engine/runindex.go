package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/runtime/store"
)

// A run's record lies under its id, which says nothing of its time. To list the
// newest without reading every record there is an index: a sequence of segments,
// each of which holds some hundred runs. It is written when runs are listed, not
// when they are accepted, so it costs a run nothing. What it does not hold yet is
// read from the records, and where it is lost the next list makes it again.

// An indexedRun is a run in the index. Runs do not change, so it is never stale.
type indexedRun struct {
	ID string    `json:"id"`
	At time.Time `json:"at"` // when it was accepted
}

// indexSegment is how many runs that are not in the index make a list write a segment.
const indexSegment = 250

const indexKey = "runindex"

// Runs lists the runs, the newest first, at most limit (0: all).
func Runs(ctx context.Context, s *store.Store, limit int) ([]Run, error) {
	all, err := indexed(ctx, s)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b indexedRun) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	out := make([]Run, len(all))
	for i, r := range all {
		if err := s.Get(ctx, runKey(r.ID), &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RunsLike lists the ids of the runs that begin with prefix.
func RunsLike(ctx context.Context, s *store.Store, prefix string) ([]string, error) {
	var out []string
	const all = "runs/"
	begins := all
	if prefix != "" {
		begins = runKey(prefix)
	}
	for key, err := range s.List(ctx, begins) {
		if err != nil {
			return nil, err
		}
		out = append(out, store.Parts(strings.TrimPrefix(key, all))[0])
	}
	return out, nil
}

// indexed gives every run that is on record with its time.
func indexed(ctx context.Context, s *store.Store) ([]indexedRun, error) {
	known := map[string]time.Time{}
	last := 0
	for entry, err := range s.History(ctx, indexKey, 0) {
		var segment []indexedRun
		if err == nil {
			err = entry.Decode(&segment)
		}
		if err != nil {
			return nil, fmt.Errorf("the index of runs: %w", err)
		}
		last = entry.Seq
		for _, r := range segment {
			known[r.ID] = r.At
		}
	}
	ids, err := RunsLike(ctx, s, "")
	if err != nil {
		return nil, err
	}
	all := make([]indexedRun, 0, len(ids))
	var fresh []indexedRun
	for _, id := range ids {
		at, ok := known[id]
		if !ok {
			var run Run
			if err := s.Get(ctx, runKey(id), &run); err != nil {
				return nil, err
			}
			at = run.AcceptedAt
			fresh = append(fresh, indexedRun{id, at})
		}
		all = append(all, indexedRun{id, at})
	}
	if len(fresh) >= indexSegment {
		_, err := s.Append(ctx, indexKey, last, fresh)
		if err != nil && !errors.Is(err, store.ErrConflict) { // another's segment is as good
			return nil, fmt.Errorf("the index of runs: %w", err)
		}
	}
	return all, nil
}
