package recommend

import (
	"fmt"
	"slices"
)

// A Question asks a model for a list. Of User, After and Like at least one is
// given; Like goes alone.
type Question struct {
	User  string  // whose list; "" nobody's
	After []Event // what was done since the fit, by the user or by whoever asks
	Like  string  // an item: which others are alike
	Most  int     // length of the list; 0: DefaultMost
	Seen  bool    // leave in what the user has done
}

// DefaultMost is how long a list is by default, and Longest at most.
const (
	DefaultMost = 10
	Longest     = 1000
)

// What an answer goes by.
const (
	ByHistory    = "history"    // what the user did
	ByLatest     = "latest"     // what was done since, and what the user did before
	BySimilarity = "similarity" // an item
	ByPopularity = "popularity" // what most users did something with: nothing is known of the user
)

// An Answer is a list, the best first, and what it goes by.
type Answer struct {
	By      string
	List    []Scored
	Unknown []string // items of Question.After that the model does not know, and passed over
}

// Answer answers a question. The factors of whoever asks are found anew from all
// that they did, so what was done since the fit counts at once.
func (m *Model) Answer(q Question) (*Answer, error) {
	if q.Most == 0 {
		q.Most = DefaultMost
	}
	switch {
	case q.Most < 1 || q.Most > Longest:
		return nil, fmt.Errorf("recommend: a list of %d: want 1 to %d", q.Most, Longest)
	case q.Like != "" && (q.User != "" || len(q.After) > 0):
		return nil, fmt.Errorf("recommend: what is like %q does not depend on a user: ask for one of the two", q.Like)
	case q.Like != "":
		list, err := m.Similar(q.Like, q.Most)
		return &Answer{By: BySimilarity, List: list}, err
	}
	a := &Answer{By: ByPopularity}
	done, unknown, err := m.doneBy(q.User, q.After)
	if err != nil {
		return nil, err
	}
	a.Unknown = unknown
	left := done.items // out of the list
	if q.Seen {
		left = nil
	}
	if len(done.items) == 0 {
		a.List = m.most(nil, q.Most)
		return a, nil
	}
	if a.By = ByHistory; len(unknown) < len(q.After) {
		a.By = ByLatest
	}
	a.List = m.top(m.factorsOf(done), left, q.Most)
	return a, nil
}

// doings are items, ascending, with how much was done with each, and the factors
// from which those that fit them are looked for; nil: 0.
type doings struct {
	items  []int32
	weight []float64
	near   []float64
}

// doneBy is all that a user did, and after that.
func (m *Model) doneBy(user string, after []Event) (d doings, unknown []string, err error) {
	u, known := m.userAt[user]
	if known {
		d.near = m.user[u*m.params.Factors:][:m.params.Factors]
		d.items, d.weight = m.seen.of(u)
		if m.later.start != nil {
			d = d.and(m.later.of(u))
		}
	}
	items, weights, unknown, err := m.added(after)
	return d.and(items, weights), unknown, err
}

// and adds more doings.
func (d doings) and(items []int32, weights []float64) doings {
	if len(items) == 0 {
		return d
	}
	out := doings{near: d.near}
	for len(d.items) > 0 || len(items) > 0 {
		switch {
		case len(items) == 0 || len(d.items) > 0 && d.items[0] < items[0]:
			out.items, out.weight = append(out.items, d.items[0]), append(out.weight, d.weight[0])
			d.items, d.weight = d.items[1:], d.weight[1:]
		case len(d.items) == 0 || items[0] < d.items[0]:
			out.items, out.weight = append(out.items, items[0]), append(out.weight, weights[0])
			items, weights = items[1:], weights[1:]
		default:
			out.items, out.weight = append(out.items, items[0]), append(out.weight, together(d.weight[0], weights[0]))
			d.items, d.weight = d.items[1:], d.weight[1:]
			items, weights = items[1:], weights[1:]
		}
	}
	return out
}

// factorsOf are the factors that fit what was done best.
func (m *Model) factorsOf(d doings) []float64 {
	f := m.params.Factors
	x := make([]float64, f)
	copy(x, d.near)
	m.params.solve(m.gram, m.item, d.items, d.weight, x, 10*f, make([]float64, 3*f))
	return x
}

// most lists the items that most users did something with, without the left,
// which ascend.
func (m *Model) most(left []int32, n int) []Scored {
	var list []Scored
	for _, i := range m.popular {
		if len(list) >= n {
			break
		}
		if _, out := slices.BinarySearch(left, i); !out {
			list = append(list, Scored{Item: m.items[i]})
		}
	}
	return list
}
