package recommend

import (
	"cmp"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/vector"
)

// A Model is what ALS learned. It is immutable and safe for concurrent use.
type Model struct {
	params       ALS
	users, items []string // in order
	user, item   []float64
	seen         history // what each user did
	later        history // and what each did that the factors were not fitted on: see With

	userAt, itemAt map[string]int
	popular        []int32 // items, those of most users first
	gram           []float64
}

func (m *Model) index() {
	m.userAt, m.itemAt = map[string]int{}, map[string]int{}
	for i, u := range m.users {
		m.userAt[u] = i
	}
	count := make([]int, len(m.items))
	for i, it := range m.items {
		m.itemAt[it] = i
		m.popular = append(m.popular, int32(i))
	}
	for _, i := range m.seen.others {
		count[i]++
	}
	sorting.Stable(m.popular, func(a, b int32) int { return cmp.Compare(count[b], count[a]) })
	f := m.params.Factors
	m.gram = make([]float64, f*f)
	for i := range m.items {
		row := m.item[i*f:][:f]
		for j, v := range row {
			vector.Add(m.gram[j*f:][:f], v, row)
		}
	}
	for j := range f {
		m.gram[j*f+j] += min(m.params.L2, surest)
	}
}

// A Scored is an item of a list, and how well it suits: about 1 is what a user
// has done, about 0 what not.
type Scored struct {
	Item  string  `json:"item"`
	Score float64 `json:"score"`
}

// Users and Items are those that the model knows, in order.
func (m *Model) Users() []string { return append([]string{}, m.users...) }

// Items are those that the model knows, in order.
func (m *Model) Items() []string { return append([]string{}, m.items...) }

// Recommend lists the n items that suit a user best, without those of the user's
// events that the model was fitted on; of equals the first in order. A user whom
// the model does not know gets what most users did something with, with scores
// of 0, and known is false.
func (m *Model) Recommend(user string, n int) (list []Scored, known bool) {
	u, known := m.userAt[user]
	if !known {
		return m.most(nil, n), false
	}
	f := m.params.Factors
	seen, _ := m.seen.of(u)
	return m.top(m.user[u*f:][:f], seen, n), true
}

// RecommendAfter lists the n items that suit best whoever has just done these
// events, whatever users they name: how users that are new, or did something
// since the fit, get lists that know of it. Items that the model does not know
// are passed over; with none that it knows the list is that of an unknown user.
func (m *Model) RecommendAfter(events []Event, n int) ([]Scored, error) {
	done, _, err := m.doneBy("", events)
	if err != nil {
		return nil, err
	}
	if len(done.items) == 0 {
		return m.most(nil, n), nil
	}
	return m.top(m.factorsOf(done), done.items, n), nil
}

// added are the items of events, ascending, and their weights; unknown are those
// that the model does not know.
func (m *Model) added(events []Event) (items []int32, weights []float64, unknown []string, err error) {
	weight := map[int32]float64{}
	for i, e := range events {
		if !(e.Weight >= 0) || math.IsInf(e.Weight, 0) {
			return nil, nil, nil, fmt.Errorf("recommend: the weight of event %d is %v: want a number that is not negative", i, e.Weight)
		}
		at, ok := m.itemAt[e.Item]
		if !ok {
			unknown = append(unknown, e.Item)
			continue
		}
		if i := int32(at); weight[i] == 0 {
			items = append(items, i)
		}
		weight[int32(at)] = together(weight[int32(at)], cmp.Or(e.Weight, 1))
	}
	sorting.Ordered(items)
	for _, i := range items {
		weights = append(weights, weight[i])
	}
	return items, weights, unknown, nil
}

// Similar lists the n items most like an item, by the angle between their
// factors: 1 is the same direction. It is an error where the model does not know it.
func (m *Model) Similar(item string, n int) ([]Scored, error) {
	at, ok := m.itemAt[item]
	if !ok {
		return nil, fmt.Errorf("recommend: the model knows no item %q", item)
	}
	f := m.params.Factors
	own := m.item[at*f:][:f]
	list := &best{n: n}
	for i := range m.items {
		other := m.item[i*f:][:f]
		length := math.Sqrt(vector.Inner(own, own)) * math.Sqrt(vector.Inner(other, other))
		if i == at || length == 0 {
			continue
		}
		list.offer(int32(i), vector.Inner(own, other)/length)
	}
	return m.named(list), nil
}

// top lists the best n items that are not among the seen, which ascend.
func (m *Model) top(x []float64, seen []int32, n int) []Scored {
	f := m.params.Factors
	list := &best{n: n}
	for i := range m.items {
		if len(seen) > 0 && int(seen[0]) == i {
			seen = seen[1:]
			continue
		}
		list.offer(int32(i), vector.Inner(x, m.item[i*f:][:f]))
	}
	return m.named(list)
}

func (m *Model) named(list *best) []Scored {
	out := make([]Scored, len(list.items))
	for k, i := range list.items {
		out[k] = Scored{m.items[i], list.scores[k]}
	}
	return out
}

// best keeps the n best of what it is offered, of equals the first.
type best struct {
	n      int
	items  []int32
	scores []float64
}

func (b *best) offer(item int32, score float64) {
	if len(b.items) == b.n {
		if b.n == 0 || !(score > b.scores[b.n-1]) {
			return
		}
	} else {
		b.items, b.scores = append(b.items, 0), append(b.scores, 0)
	}
	k := len(b.items) - 1
	for ; k > 0 && score > b.scores[k-1]; k-- {
		b.items[k], b.scores[k] = b.items[k-1], b.scores[k-1]
	}
	b.items[k], b.scores[k] = item, score
}
