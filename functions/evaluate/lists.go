package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Lists say how lists of recommendations were judged: by what users came to that
// the model was not fitted on.
type Lists struct {
	K        int       `json:"k"`        // length of the lists
	Users    int       `json:"users"`    // who were judged
	Unknown  int       `json:"unknown"`  // of these, those of whom nothing was learnt: they get what is popular
	Held     int       `json:"held"`     // what they came to
	New      int       `json:"new"`      // of these, items that nobody had come to in what was learnt, which cannot be recommended
	Examples []Example `json:"examples"` // some of the users
}

// An Example is the list of one user.
type Example struct {
	User        string   `json:"user"`
	Did         []string `json:"did"` // some of what was learnt from
	Recommended []string `json:"recommended"`
	CameTo      []string `json:"cameTo"` // what was held back
}

// mostJudged is how many users are judged at most, drawn by the seed.
const mostJudged = 20_000

// lists measures a model that recommends, beside what is popular.
func (p Params) lists(ctx context.Context, call *step.Call, e *Evaluation, m *model.Model, ds events.Dataset, raw *table.Table, split []step.Subset) ([]report.Section, error) {
	train, err := fitted.Events(ds, raw, step.RowsOf(split, step.Train, raw.Rows()))
	if err != nil {
		return nil, err
	}
	test, err := fitted.Events(ds, raw, step.RowsOf(split, step.Test, raw.Rows()))
	if err != nil {
		return nil, err
	}
	test = some(fitted.Held(train, test), mostJudged, call)
	e.Lists = &Lists{K: p.K, Held: len(test)}
	e.Model = &metrics.Report{Task: m.Task, Metrics: map[string]float64{}}
	e.Baseline = &metrics.Report{Task: m.Task, Metrics: map[string]float64{}}
	call.Rows(int64(len(test)))
	if len(test) == 0 {
		call.Note("nothing is held back that users came to: the lists are not measured (ingest.test says how much is)")
		return nil, nil
	}
	r := m.Recommender()
	threads := runtime.GOMAXPROCS(0)
	judged, err := r.Judge(ctx, test, p.K, threads)
	if err == nil {
		e.Model.Rows, e.Model.Metrics = judged.Users, judged.Metrics()
		e.Lists.Users, e.Lists.Unknown = judged.Users, judged.Unknown
		judged, err = r.JudgePopular(ctx, test, p.K, threads)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, step.Permanent(fmt.Errorf("the lists of dataset %s: %w", e.Dataset, err))
	}
	e.Baseline.Rows, e.Baseline.Metrics = judged.Users, judged.Metrics()
	e.Lists.exemplify(r, train, test)
	return []report.Section{{ID: "lists", Title: "Lists", Count: len(e.Lists.Examples),
		Lead: "What some users did, what is recommended to them by it, and, marked, what they came to.", Body: e.Lists.table().HTML()}}, nil
}

// some keeps the events of at most n users.
func some(done []recommend.Event, n int, call *step.Call) []recommend.Event {
	at := map[string]bool{}
	for _, e := range done {
		at[e.User] = true
	}
	if len(at) <= n {
		return done
	}
	users := sorting.Keys(at)
	r := rand.New(rand.NewPCG(call.Seed, 0x6c69737473))
	r.Shuffle(len(users), func(i, j int) { users[i], users[j] = users[j], users[i] })
	for _, u := range users[n:] {
		at[u] = false
	}
	call.Note("judged by %d of the %d users, drawn by the seed", n, len(users))
	return slices.DeleteFunc(done, func(e recommend.Event) bool { return !at[e.User] })
}

// exemplify takes some users from all over their order, and counts what cannot be
// recommended.
func (l *Lists) exemplify(r *recommend.Model, train, test []recommend.Event) {
	const examples, shown = 6, 8
	of := func(done []recommend.Event) map[string][]string {
		out := map[string][]string{}
		for _, e := range done {
			if !slices.Contains(out[e.User], e.Item) {
				out[e.User] = append(out[e.User], e.Item)
			}
		}
		return out
	}
	came := of(test)
	known := map[string]bool{}
	for _, item := range r.Items() {
		known[item] = true
	}
	for _, e := range test {
		if !known[e.Item] {
			l.New++
		}
	}
	users := sorting.Keys(came)
	chosen := map[string]bool{}
	for k := range min(examples, len(users)) {
		chosen[users[k*len(users)/examples%len(users)]] = true
	}
	did := of(slices.DeleteFunc(slices.Clone(train), func(e recommend.Event) bool { return !chosen[e.User] }))
	for _, u := range sorting.Keys(chosen) {
		list, _ := r.Recommend(u, min(l.K, shown))
		ex := Example{User: u, Did: did[u][:min(shown, len(did[u]))], CameTo: came[u], Recommended: []string{}}
		for _, s := range list {
			ex.Recommended = append(ex.Recommended, s.Item)
		}
		l.Examples = append(l.Examples, ex)
	}
}

// table shows the examples; what a user came to is marked.
func (l *Lists) table() *report.Table {
	t := &report.Table{Head: []string{"User", "Did", "Recommended", "Came to"}, Text: 4}
	for _, ex := range l.Examples {
		marked := slices.Clone(ex.Recommended)
		for i, item := range marked {
			if slices.Contains(ex.CameTo, item) {
				marked[i] = item + " ✓"
			}
		}
		t.Rows = append(t.Rows, []string{ex.User, strings.Join(ex.Did, ", "), strings.Join(marked, ", "), format.Short(strings.Join(ex.CameTo, ", "), 80)})
	}
	return t
}

func (l *Lists) lead(e *Evaluation) string {
	return fmt.Sprintf("Recommendations by %s: lists of %d for %s users, judged by %s things that they came to and the model was not fitted on.",
		words(e.Estimator), l.K, format.Count(int64(l.Users)), format.Count(int64(l.Held)))
}

func (l *Lists) beside() string {
	text := fmt.Sprintf("Means over users, of lists of k = %d: how much of a list users came to (precision), how much of what they came to is on it (recall), and how far up (MAP, NDCG); coverage is the share of items that are on any list. The baseline recommends what most users came to.", l.K)
	if l.New > 0 {
		text += fmt.Sprintf(" %s of what users came to is new to everybody and cannot be recommended; it counts as missed.", format.Count(int64(l.New)))
	}
	return text
}
