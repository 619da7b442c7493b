package recommend

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

func settled(t *testing.T) (m *Model, train, test []Event) {
	t.Helper()
	train, test = LeaveLast(tastes(120, 60, 4, 2))
	m, err := ALS{Factors: 8, Alpha: 10}.Fit(t.Context(), train, &learn.Options{Seed: 1})
	if err == nil {
		err = m.Settle(t.Context(), 2)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m, train, test
}

func eventsOf(events []Event, user string) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.User != user })
}

func near(a, b []Scored) bool {
	return slices.EqualFunc(a, b, func(a, b Scored) bool { return a.Item == b.Item && math.Abs(a.Score-b.Score) < 1e-8 })
}

// What a user did gives the same list whether the model knows it from the fit, from
// later events, or from the question, and what is done since changes it.
func TestAnswer(t *testing.T) {
	m, train, test := settled(t)
	later, err := m.With(test)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range m.Users()[:30] {
		known, err := m.Answer(Question{User: user, Most: 12})
		if err != nil || known.By != ByHistory {
			t.Fatalf("%+v, %v", known, err)
		}
		list, _ := m.Recommend(user, 12)
		own := eventsOf(train, user)
		folded, err := m.Answer(Question{After: own, Most: 12})
		if err != nil || folded.By != ByLatest {
			t.Fatalf("%+v, %v", folded, err)
		}
		if !near(known.List, list) || !near(folded.List, list) {
			t.Fatalf("user %s: %v known, %v folded in, %v recommended", user, known.List, folded.List, list)
		}
		since := eventsOf(test, user)
		after, err := m.Answer(Question{User: user, After: since, Most: 12})
		if err != nil {
			t.Fatal(err)
		}
		knowing, err := later.Answer(Question{User: user, Most: 12})
		if err != nil {
			t.Fatal(err)
		}
		if !near(after.List, knowing.List) || len(since) > 0 && near(after.List, known.List) {
			t.Fatalf("user %s: %v after the test, %v with it, %v before", user, after.List, knowing.List, known.List)
		}
		for _, e := range append(own, since...) {
			if slices.ContainsFunc(knowing.List, func(s Scored) bool { return s.Item == e.Item }) {
				t.Fatalf("user %s is told of %s", user, e.Item)
			}
		}
		all, err := m.Answer(Question{User: user, Most: 60, Seen: true})
		if err != nil || len(all.List) != len(m.Items()) {
			t.Fatalf("%d items of %d, %v", len(all.List), len(m.Items()), err)
		}
	}
	a, err := m.Judge(t.Context(), test, 5, 2)
	if err != nil {
		t.Fatal(err)
	}
	b, err := later.Judge(t.Context(), test, 5, 1)
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("judged %+v, and %+v with the test in the model: %v", a, b, err)
	}
}

func TestAnswerOf(t *testing.T) {
	m, _, _ := settled(t)
	with, err := m.With([]Event{{User: "new", Item: "i3"}, {User: "new", Item: "none"}, {User: "new", Item: "i3", Weight: 2}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := FromState(with.State())
	if err != nil || !reflect.DeepEqual(with, again) {
		t.Fatalf("a model that was written down is another: %v", err)
	}
	if with, err = with.With([]Event{{User: "new", Item: "i5"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m       *Model
		q       Question
		by      string
		unknown string
		size    int
	}{
		{m, Question{User: "new"}, ByPopularity, "", 10},
		{with, Question{User: "new"}, ByHistory, "", 10},
		{m, Question{User: "new", After: []Event{{Item: "none"}}}, ByPopularity, "none", 10},
		{m, Question{After: []Event{{Item: "none"}, {Item: "i3"}}, Most: 3}, ByLatest, "none", 3},
		{m, Question{User: "u3", After: []Event{{Item: "none"}}}, ByHistory, "none", 10},
		{m, Question{Like: "i3", Most: 4}, BySimilarity, "", 4},
	} {
		a, err := c.m.Answer(c.q)
		if err != nil || a.By != c.by || strings.Join(a.Unknown, " ") != c.unknown || len(a.List) != c.size {
			t.Errorf("%+v: %+v, %v", c.q, a, err)
		}
	}
	u, _ := with.Answer(Question{User: "new"})
	v, _ := m.Answer(Question{After: []Event{{Item: "i3", Weight: 3}, {Item: "i5"}}})
	if !near(u.List, v.List) {
		t.Errorf("%v of a user of later events, %v after them", u.List, v.List)
	}
	for want, q := range map[string]Question{
		"a list of 1001":  {User: "u3", Most: 1001},
		"one of the two":  {User: "u3", Like: "i3"},
		`no item "none"`:  {Like: "none"},
		"weight of event": {After: []Event{{Item: "i3", Weight: -1}}},
	} {
		if _, err := m.Answer(q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// The reasons of a score sum to it, and are those of a system of equations that
// is written out: x = (Y'CY + l2)^-1 Y'Cp.
func TestExplain(t *testing.T) {
	m, _, test := settled(t)
	later, err := m.With(test)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m     *Model
		user  string
		after []Event
	}{{m, "u7", nil}, {later, "u7", nil}, {m, "u8", []Event{{Item: "i1", Weight: 4}, {Item: "i2"}}}, {m, "", []Event{{Item: "i9"}}}} {
		a, err := c.m.Answer(Question{User: c.user, After: c.after, Most: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range a.List {
			score, reasons, err := c.m.Explain(c.user, c.after, s.Item)
			if err != nil || math.Abs(score-s.Score) > 1e-8 {
				t.Fatalf("%s of %s: %v explained, %v answered: %v", s.Item, c.user, score, s.Score, err)
			}
			done, _, _ := c.m.doneBy(c.user, c.after)
			want := 0.0
			for k, r := range reasons {
				want += r.Adds
				if k > 0 && math.Abs(reasons[k-1].Adds) < math.Abs(r.Adds) {
					t.Fatalf("reasons out of order: %v", reasons)
				}
			}
			if len(reasons) != len(done.items) || math.Abs(want-score) > 1e-9 {
				t.Fatalf("%d reasons of %d, which sum to %v of %v", len(reasons), len(done.items), want, score)
			}
			for _, r := range reasons[:1] {
				if plain := plainly(c.m, done, s.Item, r.Item); math.Abs(r.Adds-plain) > 1e-8 {
					t.Fatalf("%s adds %v, want %v", r.Item, r.Adds, plain)
				}
			}
		}
	}
	if _, _, err := m.Explain("nobody", nil, "i1"); err == nil || !strings.Contains(err.Error(), "nothing is known") {
		t.Errorf("error %v", err)
	}
}

// plainly is what one item that was done adds to another's score: the part of
// Y'Cp that is of that item, through the inverse by Gauss and Jordan.
func plainly(m *Model, done doings, item, of string) float64 {
	f := m.params.Factors
	row := func(name string) []float64 { return m.item[m.itemAt[name]*f:][:f] }
	a := make([][]float64, f)
	for i := range a {
		a[i] = make([]float64, f+1)
		for j := range f {
			for k := range m.items {
				a[i][j] += m.item[k*f+i] * m.item[k*f+j]
			}
			for k, other := range done.items {
				a[i][j] += m.params.Alpha * done.weight[k] * m.item[int(other)*f+i] * m.item[int(other)*f+j]
			}
		}
		a[i][i] += m.params.L2
		for k, other := range done.items {
			if m.items[other] == of {
				a[i][f] = (1 + m.params.Alpha*done.weight[k]) * row(of)[i]
			}
		}
	}
	for i := range f {
		for r := range f {
			if r == i {
				continue
			}
			by := a[r][i] / a[i][i]
			for c := range f + 1 {
				a[r][c] -= by * a[i][c]
			}
		}
	}
	sum := 0.0
	for i := range f {
		sum += row(item)[i] * a[i][f] / a[i][i]
	}
	return sum
}

// As an estimator the model gives every item's score, by the user's number.
func TestPredict(t *testing.T) {
	m, _, _ := settled(t)
	out := m.Predict(&learn.Matrix{Names: []string{"user"}, Columns: [][]float64{{2, math.NaN(), 1e9}}, Rows: 3})
	list, _ := m.Recommend(m.Users()[2], 1)
	if n := m.Outputs(); len(out) != 3*n || out[m.itemAt[list[0].Item]] != list[0].Score || slices.Max(out[n:]) != 0 {
		t.Errorf("%v, want %v among them", out[:n], list)
	}
}

func TestSettleEnds(t *testing.T) {
	m, _, _ := settled(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := slices.Clone(m.user)
	if err := m.Settle(ctx, 2); err == nil || !slices.Equal(before, m.user) {
		t.Errorf("error %v", err)
	}
}
