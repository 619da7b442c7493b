package crossval

import (
	"cmp"
	"context"
	"slices"
)

// A task is the fit of a candidate on a fold.
type task struct{ candidate, fold int }

// A place is where the features of a fold are kept.
type place struct {
	fold int
	key  string
}

// bytes is what a fold's features take; nothing where they could not be made.
func (f *features) bytes() int64 {
	if f.train == nil || f.test == nil {
		return 0
	}
	return 8 * int64(f.train.Rows+f.test.Rows) * int64(len(f.train.Columns)+1)
}

// kept is what the features that are kept take; it notes that of each.
func (e *Evaluator) kept() int64 {
	total := int64(0)
	for _, of := range e.prepared {
		for key, f := range of {
			e.sizes[key] = max(e.sizes[key], f.bytes())
			total += f.bytes()
		}
	}
	return total
}

// weigh makes the features of one fold where it is not known how large they are:
// columns of text become hundreds.
func (e *Evaluator) weigh(ctx context.Context, candidates []Candidate, keys []string, fold int) {
	var unknown []Candidate
	seen := map[string]bool{}
	for i, c := range candidates {
		if _, known := e.sizes[keys[i]]; !known && !seen[keys[i]] {
			seen[keys[i]] = true
			unknown = append(unknown, c)
		}
	}
	for some := range slices.Chunk(unknown, e.threads()) {
		e.parallel(len(some), func(t, threads int) {
			if ctx.Err() == nil {
				e.features(ctx, some[t], fold, threads)
			}
		})
		if e.kept() > e.o.Memory {
			clear(e.prepared)
		}
	}
}

// batches are all fits, cut so that the features of a batch fit into memory, where
// those of a fold do: one batch if all do. It forgets what there is no room for.
func (e *Evaluator) batches(keys []string, first, last int) [][]task {
	needed := map[place]bool{}
	size := int64(0) // of what the batch needs
	var all [][]task
	var batch []task
	order := make([]int, len(keys)) // those of the same features follow each other
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(keys[i], keys[j]) })
	for fold := first; fold < last; fold++ {
		for _, i := range order {
			key := keys[i]
			if at := (place{fold, key}); !needed[at] {
				if size+e.sizes[key] > e.o.Memory && len(batch) > 0 {
					all, batch, size = append(all, batch), nil, 0
					clear(needed)
				}
				needed[at] = true
				size += e.sizes[key]
			}
			batch = append(batch, task{i, fold})
		}
	}
	all = append(all, batch)
	for _, b := range all { // so that folds are prepared at the same time
		slices.SortStableFunc(b, func(x, y task) int { return cmp.Compare(x.candidate, y.candidate) })
	}
	if len(all) > 1 {
		clear(e.prepared)
		return all
	}
	for fold, of := range e.prepared {
		for key, f := range of {
			if !needed[place{fold, key}] {
				size += f.bytes()
			}
		}
	}
	if size > e.o.Memory {
		for fold, of := range e.prepared {
			for key := range of {
				if !needed[place{fold, key}] {
					delete(of, key)
				}
			}
		}
	}
	return all
}
