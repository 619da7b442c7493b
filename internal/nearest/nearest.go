// Package nearest finds the names that a misspelt one was most likely meant to be.
package nearest

import (
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// Names returns up to n of the candidates that resemble name, the closest
// first: equal but for case, containing it, or within a third of its length in
// edits (Levenshtein distance, with the exchange of neighbours as one edit).
func Names(name string, candidates []string, n int) []string {
	type scored struct {
		name  string
		score int
	}
	var found []scored
	lower := strings.ToLower(name)
	limit := max(2, len(lower)/3)
	for _, c := range candidates {
		lc := strings.ToLower(c)
		d := distance(lower, lc)
		if d > limit && len(lower) >= 3 && (strings.Contains(lc, lower) || (len(lc) >= 3 && strings.Contains(lower, lc))) {
			d = limit
		}
		if d <= limit && d < max(len(lower), len(lc)) {
			found = append(found, scored{c, d})
		}
	}
	sorting.Stable(found, func(a, b scored) int { return a.score - b.score })
	out := make([]string, 0, n)
	for _, f := range found[:min(n, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// Hint is "; did you mean X?" for the closest candidates, or "" where none is near.
func Hint(name string, candidates []string) string {
	names := Names(name, candidates, 3)
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}

// Unknown says that there is no such thing of that name: what the closest ones
// are, and which there are.
func Unknown(thing, name string, known []string) string {
	return "no such " + thing + Hint(name, known) + " (there are: " + strings.Join(known, ", ") + ")"
}

// Some are names in a row, but not thousands of them.
func Some(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}

// distance is the optimal string alignment distance in bytes.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		if a == b {
			return 0
		}
		return max(len(a), len(b))
	}
	before := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
