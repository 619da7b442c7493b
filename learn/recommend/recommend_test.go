package recommend

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// From the same first factors the turns end where those of the package implicit
// do, and the lists and their scores are its.
func TestImplicit(t *testing.T) {
	raw, err := os.ReadFile("testdata/implicit.json")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Factors, Iterations int
		Alpha, L2           float64
		Weights, Test       [][]float64
		FirstUser           []float64 `json:"first_user"`
		FirstItem           []float64 `json:"first_item"`
		User, Item          []float64
		Lists               [][]int
		Scores              [][]float64
		NDCG, MAP           float64
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	name := func(i int) string { return fmt.Sprintf("%02d", i) }
	var events, test []Event
	for u, row := range c.Weights {
		for i, w := range row {
			if w > 0 { // in two events that add up
				events = append(events, Event{User: name(u), Item: name(i), Weight: w / 4}, Event{User: name(u), Item: name(i), Weight: w * 3 / 4})
			}
			if c.Test[u][i] > 0 {
				test = append(test, Event{User: name(u), Item: name(i)})
			}
		}
	}
	m := &Model{params: ALS{Factors: c.Factors, Alpha: c.Alpha, L2: c.L2, Steps: 4 * c.Factors}}
	var done history
	if m.users, m.items, m.seen, done, err = cells(events); err != nil {
		t.Fatal(err)
	}
	user, item := newSide(c.FirstUser, c.Factors), newSide(c.FirstItem, c.Factors)
	ofUser, ofItem := m.params.newFours(&m.seen, item.rows), m.params.newFours(&done, user.rows)
	for range c.Iterations {
		for _, err := range []error{m.params.turn(t.Context(), 2, ofUser, item, user), m.params.turn(t.Context(), 2, ofItem, user, item)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	m.user, m.item = user.factors(c.Factors), item.factors(c.Factors)
	m.index()
	for i, want := range c.User {
		if math.Abs(m.user[i]-want) > 1e-5 {
			t.Fatalf("factor %d of the users is %v, want %v", i, m.user[i], want)
		}
	}
	for i, want := range c.Item {
		if math.Abs(m.item[i]-want) > 1e-5 {
			t.Fatalf("factor %d of the items is %v, want %v", i, m.item[i], want)
		}
	}
	for u, want := range c.Lists {
		list, known := m.Recommend(name(u), 5)
		if !known {
			t.Fatalf("user %d is not known", u)
		}
		for k, i := range want {
			if list[k].Item != name(i) || math.Abs(list[k].Score-c.Scores[u][k]) > 1e-5 {
				t.Fatalf("user %d: place %d is %v, want item %d with %v", u, k, list[k], i, c.Scores[u][k])
			}
		}
	}
	r, err := m.Judge(t.Context(), test, 5, 2)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.NDCG-c.NDCG) > 1e-9 || math.Abs(r.MAP-c.MAP) > 1e-9 {
		t.Errorf("ndcg %v and map %v, want %v and %v", r.NDCG, r.MAP, c.NDCG, c.MAP)
	}
}

// tastes are events of users who like one of some kinds of item, and some others.
func tastes(users, items, kinds int, seed uint64) []Event {
	rng := splitmix.Source{State: seed}
	var events []Event
	for u := range users {
		for n := range 12 {
			i := int(rng.Below(uint32(items/kinds)))*kinds + u%kinds
			if n%6 == 2 {
				i = int(rng.Below(uint32(items)))
			}
			events = append(events, Event{User: fmt.Sprint("u", u), Item: fmt.Sprint("i", i), Time: int64(n)})
		}
	}
	return events
}

// What users do last is found far more often than by what is popular, and the
// model is the same for any number of threads and order of events.
func TestLearns(t *testing.T) {
	train, test := LeaveLast(tastes(300, 120, 6, 1))
	if len(test) < 100 {
		t.Fatalf("%d events to test with", len(test))
	}
	a := ALS{Factors: 16, Iterations: 10}
	m, err := a.Fit(t.Context(), train, &learn.Options{Threads: 1, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	backwards := make([]Event, len(train))
	for i, e := range train {
		backwards[len(train)-1-i] = e
	}
	same, err := a.Fit(t.Context(), backwards, &learn.Options{Threads: 5, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, same) {
		t.Error("another model of the same events")
	}
	got, err := m.Judge(t.Context(), test, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	popular, err := m.JudgePopular(t.Context(), test, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got.HitRate < 2*popular.HitRate || got.Users != popular.Users || got.Unknown != 0 {
		t.Errorf("judged %+v, by what is popular %+v", got, popular)
	}
	// A user's list after the same events is the user's list, but for what a last
	// turn would change; an unknown user's is what is popular.
	for _, user := range m.Users()[:20] {
		var own []Event
		for _, e := range train {
			if e.User == user {
				own = append(own, e)
			}
		}
		list, _ := m.Recommend(user, 10)
		after, err := m.RecommendAfter(own, 10)
		if err != nil {
			t.Fatal(err)
		}
		common := 0
		for _, a := range list {
			for _, b := range after {
				if a.Item == b.Item {
					common++
				}
			}
			for _, e := range own {
				if a.Item == e.Item {
					t.Fatalf("user %s is told of %s, which they know", user, a.Item)
				}
			}
		}
		if common < 8 {
			t.Errorf("user %s: %v, and after the same events %v", user, list, after)
		}
	}
	similar, err := m.Similar("i0", 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range similar {
		var i int
		if _, err := fmt.Sscanf(s.Item, "i%d", &i); err != nil || i%6 != 0 {
			t.Errorf("%v is said to be like i0", s)
		}
	}
	if list, known := m.Recommend("nobody", 3); known || len(list) != 3 {
		t.Errorf("an unknown user gets %v", list)
	}
	if list, err := m.RecommendAfter([]Event{{Item: "nothing"}}, 3); err != nil || len(list) != 3 {
		t.Errorf("after unknown events: %v, %v", list, err)
	}
}

func TestJudgeList(t *testing.T) {
	list := []Scored{{Item: "a"}, {Item: "b"}, {Item: "c"}, {Item: "d"}}
	got := judgeList(list, map[string]bool{"a": true, "c": true, "z": true}, 4)
	want := Report{Precision: 0.5, Recall: 2. / 3, MAP: (1 + 2./3) / 3, NDCG: (1 + 1/math.Log2(4)) / (1 + 1/math.Log2(3) + 1/math.Log2(4)), HitRate: 1}
	for name, pair := range map[string][2]float64{"precision": {got.Precision, want.Precision}, "recall": {got.Recall, want.Recall}, "map": {got.MAP, want.MAP}, "ndcg": {got.NDCG, want.NDCG}, "hit rate": {got.HitRate, want.HitRate}} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
}

// Splits keep every event at most once, and test nothing that the training knows.
func TestSplits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := make([]Event, rapid.IntRange(0, 30).Draw(r, "events"))
		for i := range events {
			events[i] = Event{User: fmt.Sprint(rapid.IntRange(0, 4).Draw(r, "user")), Item: fmt.Sprint(rapid.IntRange(0, 5).Draw(r, "item")), Time: int64(rapid.IntRange(0, 9).Draw(r, "time"))}
		}
		share := rapid.Float64Range(0, 1).Draw(r, "share")
		for name, split := range map[string]func() (train, test []Event){
			"last": func() ([]Event, []Event) { return LeaveLast(events) },
			"time": func() ([]Event, []Event) { return ByTime(events, share) },
		} {
			train, test := split()
			latest := map[string]int64{}
			known := map[[2]string]bool{}
			for _, e := range train {
				latest[e.User], known[[2]string{e.User, e.Item}] = max(latest[e.User], e.Time), true
			}
			if name == "last" && len(train)+len(test) != len(events) || len(train)+len(test) > len(events) {
				r.Fatalf("%s: %d events become %d and %d", name, len(events), len(train), len(test))
			}
			for _, e := range test {
				if last, ok := latest[e.User]; !ok || e.Time < last || known[[2]string{e.User, e.Item}] {
					r.Fatalf("%s: %v is tested after training on %v", name, e, train)
				}
			}
		}
	})
}

// Events of a weight beyond all others are as sure as can be, and nothing more.
func TestHeavy(t *testing.T) {
	events := tastes(20, 12, 3, 1)
	for i := range events {
		events[i].Weight = math.MaxFloat64
	}
	m, err := ALS{Factors: 8}.Fit(t.Context(), append(events, events...), nil)
	if err == nil {
		err = m.Settle(t.Context(), 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(slices.Clone(m.user), m.item...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("a factor is %v", v)
		}
	}
	score, reasons, err := m.Explain(events[0].User, nil, events[1].Item)
	if err != nil || math.IsNaN(score) || len(reasons) == 0 {
		t.Errorf("the score is %v by %v: %v", score, reasons, err)
	}
}

func TestErrors(t *testing.T) {
	one := []Event{{User: "u", Item: "i"}}
	for want, try := range map[string]func() error{
		"0 events": func() error { _, err := ALS{}.Fit(t.Context(), nil, nil); return err },
		`user "u" and item "i"`: func() error {
			_, err := ALS{}.Fit(t.Context(), []Event{{User: "u", Item: "i", Weight: math.NaN()}}, nil)
			return err
		},
		"alpha -1": func() error { _, err := ALS{Alpha: -1}.Fit(t.Context(), one, nil); return err },
		`no item "x"`: func() error {
			m, err := ALS{}.Fit(t.Context(), one, nil)
			if err != nil {
				return err
			}
			_, err = m.Similar("x", 1)
			return err
		},
		"lists of 0": func() error { _, err := judge(t.Context(), one, 0, 1, 1, nil, nil); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
