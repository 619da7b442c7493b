package recommend

import (
	"cmp"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/vector"
)

// A Reason is something that a user did, and what it adds to an item's score.
type Reason struct {
	Item   string  `json:"item"`
	Weight float64 `json:"weight"` // how much of it the user did
	Adds   float64 `json:"adds"`
}

// Explain takes the score of an item for a user apart (Hu, Koren and Volinsky
// 2008, section 5): given the items' factors, the score is a sum over what the
// user did, after included, of how alike the two items are in the user's eyes
// times how much of it was done. The reasons are in the order of their size, and sum
// to the score. It is an error where nothing is known of what the user did.
func (m *Model) Explain(user string, after []Event, item string) (score float64, reasons []Reason, err error) {
	at, ok := m.itemAt[item]
	if !ok {
		return 0, nil, fmt.Errorf("recommend: the model knows no item %q", item)
	}
	done, _, err := m.doneBy(user, after)
	if err != nil {
		return 0, nil, err
	}
	if len(done.items) == 0 {
		return 0, nil, fmt.Errorf("recommend: nothing is known of what the user %q did: there is no reason but what is popular", user)
	}
	f := m.params.Factors
	z := m.inSystem(done, m.item[at*f:][:f])
	for k, i := range done.items {
		c := 1 + m.params.more(done.weight[k])
		adds := float64(c * vector.Inner(m.item[int(i)*f:][:f], z))
		score += adds
		reasons = append(reasons, Reason{m.items[i], done.weight[k], adds})
	}
	sorting.Stable(reasons, func(a, b Reason) int { return cmp.Compare(math.Abs(b.Adds), math.Abs(a.Adds)) })
	return score, reasons, nil
}

// inSystem solves (gram + sum of alpha w y y') z = b, the equations of a user's
// factors, by Cholesky's decomposition.
func (m *Model) inSystem(done doings, b []float64) []float64 {
	f := m.params.Factors
	a := append([]float64{}, m.gram...)
	for k, i := range done.items {
		y := m.item[int(i)*f:][:f]
		for j := range f {
			vector.Add(a[j*f:][:f], m.params.more(done.weight[k])*y[j], y)
		}
	}
	for i := range f {
		row := a[i*f:][:f]
		for j := range i + 1 {
			sum := row[j] - vector.Inner(row[:j], a[j*f:][:j])
			if i == j {
				row[i] = math.Sqrt(sum)
			} else {
				row[j] = sum / a[j*f+j]
			}
		}
	}
	z := append([]float64{}, b...)
	for i := range f {
		z[i] = (z[i] - vector.Inner(a[i*f:][:i], z[:i])) / a[i*f+i]
	}
	for i := f - 1; i >= 0; i-- {
		for k := i + 1; k < f; k++ {
			z[i] -= float64(a[k*f+i] * z[k])
		}
		z[i] /= a[i*f+i]
	}
	return z
}
