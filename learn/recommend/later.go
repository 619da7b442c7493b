package recommend

import (
	"context"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Settle fits the users' factors anew to the items', on which the last turn of
// Fit was. Lists then go by the same numbers whether a user is known or has just
// done all that, and Explain takes them apart exactly.
func (m *Model) Settle(ctx context.Context, threads int) error {
	f := m.params.Factors
	user := make([]float64, len(m.user))
	err := parallel.Each(ctx, threads, len(m.users), func(_, u int) {
		d := doings{near: m.user[u*f:][:f]}
		d.items, d.weight = m.seen.of(u)
		copy(user[u*f:], m.factorsOf(d))
	})
	if err != nil {
		return err
	}
	m.user = user
	return nil
}

// With is the model that also knows what users did later, or in a test: Answer
// and Explain go by that too, and leave it out of lists. The factors of the
// items stay, and Judge and Recommend go by what the model was fitted on. Events of items that
// the model does not know are passed over.
func (m *Model) With(later []Event) (*Model, error) {
	out := &Model{params: m.params, items: m.items, item: m.item}
	of := map[string][]Event{}
	out.users = slices.Clone(m.users)
	for _, e := range later {
		if _, known := m.itemAt[e.Item]; !known {
			continue
		}
		if _, known := m.userAt[e.User]; !known && of[e.User] == nil {
			out.users = append(out.users, e.User)
		}
		of[e.User] = append(of[e.User], e)
	}
	sorting.Ordered(out.users)
	out.seen.start, out.later.start = []int32{0}, []int32{0}
	f := m.params.Factors
	for _, name := range out.users {
		factors := make([]float64, f)
		var known doings
		if u, ok := m.userAt[name]; ok {
			copy(factors, m.user[u*f:])
			items, weights := m.seen.of(u)
			out.seen.others, out.seen.weight = append(out.seen.others, items...), append(out.seen.weight, weights...)
			if m.later.start != nil {
				known = known.and(m.later.of(u))
			}
		}
		items, weights, _, err := m.added(of[name])
		if err != nil {
			return nil, err
		}
		known = known.and(items, weights)
		out.user = append(out.user, factors...)
		out.later.others, out.later.weight = append(out.later.others, known.items...), append(out.later.weight, known.weight...)
		out.seen.start, out.later.start = append(out.seen.start, int32(len(out.seen.others))), append(out.later.start, int32(len(out.later.others)))
	}
	out.index()
	return out, nil
}
