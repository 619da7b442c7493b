package explain

import (
	"context"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// A Because says why an item is recommended: what each thing that the user did
// adds to its score, the most first. The reasons sum to the score (Hu, Koren and
// Volinsky 2008, section 5); Rest is the sum of those that are left out.
type Because struct {
	User    string             `json:"user,omitempty"`
	Item    string             `json:"item"`
	Score   float64            `json:"score"`
	Reasons []recommend.Reason `json:"reasons"`
	Rest    float64            `json:"rest,omitempty"`
}

// Recommendations is the artifact of a model that recommends.
type Recommendations struct {
	Dataset   string    `json:"dataset"`
	Estimator string    `json:"estimator"`
	Method    string    `json:"method"`
	Users     []Because `json:"users"`
}

// Contributions is the method by which recommendations are explained.
const Contributions = "contributions"

// Why explains an item for whoever asks a model that recommends, or the items of
// their list where none is named, with at most so many reasons each.
func Why(m *model.Model, q recommend.Question, item string, most int) ([]Because, error) {
	r := m.Recommender()
	if q.Like != "" {
		return nil, fmt.Errorf("%q alone is no user's: give a user, or a list of what was done", q.Like)
	}
	items := []string{item}
	if item == "" {
		a, err := r.Answer(q)
		if err != nil {
			return nil, err
		}
		if a.By == recommend.ByPopularity {
			return nil, fmt.Errorf("the model knows nothing that this user did: what most users came to is recommended, for no other reason")
		}
		items = nil
		for _, s := range a.List {
			items = append(items, s.Item)
		}
	}
	var out []Because
	for _, item := range items {
		b := Because{User: q.User, Item: item}
		var err error
		if b.Score, b.Reasons, err = r.Explain(q.User, q.After, item); err != nil {
			return nil, err
		}
		for len(b.Reasons) > most {
			b.Rest += b.Reasons[len(b.Reasons)-1].Adds
			b.Reasons = b.Reasons[:len(b.Reasons)-1]
		}
		out = append(out, b)
	}
	return out, nil
}

// What a list explains of each user: the first items, and their greatest reasons.
const (
	itemsOfUser   = 3
	reasonsOfItem = 8
)

// recommendations explains the first items of some users' lists.
func (p Params) recommendations(ctx context.Context, call *step.Call, in events.ModelEvaluatedData, m *model.Model, raw *table.Table, split []step.Subset) error {
	e := &Recommendations{Dataset: in.Raw.Name, Estimator: in.Estimator, Method: Contributions, Users: []Because{}}
	rows := step.RowsOf(split, step.Test, raw.Rows())
	if len(rows) == 0 {
		rows = step.RowsOf(split, step.Train, raw.Rows())
	}
	done, err := fitted.Events(in.Raw, raw, sample(rows, p.Rows, call.Seed))
	if err != nil {
		return err
	}
	explained := map[string]bool{}
	for i, d := range done {
		if err := ctx.Err(); err != nil {
			return err
		}
		call.Progress(int64(i), int64(len(done)), "users")
		if explained[d.User] {
			continue
		}
		explained[d.User] = true
		because, err := Why(m, recommend.Question{User: d.User, Most: itemsOfUser}, "", reasonsOfItem)
		if err != nil {
			continue // of whom nothing is known
		}
		e.Users = append(e.Users, because...)
	}
	call.Rows(int64(len(explained)))
	ref, err := call.PutJSON(ctx, "explanation", events.MediaJSON, e)
	if err != nil {
		return err
	}
	html, err := call.PutBytes(ctx, "report", events.MediaHTML, e.page(p.Show))
	if err != nil {
		return err
	}
	return call.Emit(events.ModelExplainedData{Model: in.Model, Explanation: ref, Report: html})
}

// page draws the lists of some users.
func (e *Recommendations) page(show int) []byte {
	t := &report.Table{Head: []string{"User", "Recommended", "Because of", "Score"}, Text: 3}
	users, last := 0, ""
	for _, b := range e.Users {
		if b.User != last {
			users, last = users+1, b.User
		}
		if users > show {
			break
		}
		var because []string
		for _, r := range b.Reasons[:min(4, len(b.Reasons))] {
			because = append(because, fmt.Sprintf("%s (%+.3f)", r.Item, r.Adds))
		}
		t.Rows = append(t.Rows, []string{b.User, b.Item, strings.Join(because, ", "), format.Fixed(b.Score, 3)})
	}
	p := &report.Page{
		Kind:  "Model explanation",
		Title: e.Dataset,
		Lead:  "Why items are recommended: what each thing that a user did adds to the score of an item. The parts sum to the score; about 1 is what a user does, about 0 what not.",
		Sections: []report.Section{{ID: "lists", Title: "Recommendations", Count: len(t.Rows),
			Lead: "The first items of some users' lists, and what adds most to each.", Body: t.HTML()}},
	}
	return p.HTML()
}
