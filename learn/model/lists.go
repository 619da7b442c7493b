package model

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/table"
)

// The inputs of a model that recommends: whom to, and what.
const (
	userInput = iota
	itemInput
)

// A List is what a model recommends for a row, the best first.
type List struct {
	By      string // what it goes by: see package recommend
	Items   []Item
	Unknown []string // items of the row that the model does not know
}

// An Item is one of a list, in the type of its column.
type Item struct {
	Item  any     `json:"item"`
	Score float64 `json:"score"`
}

// Recommender is the estimator of a model that recommends; nil of any other.
func (m *Model) Recommender() *recommend.Model {
	r, _ := m.Estimator.(*recommend.Model)
	return r
}

// recommenderFromState is recommend.FromState for a list of kinds.
func recommenderFromState(s learn.State) (learn.Model, error) {
	r, err := recommend.FromState(s)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// checkLists is Check of a model that recommends.
func (m *Model) checkLists() error {
	switch {
	case m.Recommender() == nil:
		return fmt.Errorf("a recommendation, but an estimator of kind %q", m.Estimator.State().Kind)
	case len(m.Inputs) != 2:
		return fmt.Errorf("%d inputs: a model that recommends has two, of users and of items", len(m.Inputs))
	case m.Target != "":
		return fmt.Errorf("a recommendation has no target, and the model has %q", m.Target)
	case len(m.Graph.Specs()) > 0:
		return fmt.Errorf("a model that recommends transforms nothing, and this one has %d transforms", len(m.Graph.Specs()))
	}
	return nil
}

// DescribeEvents lists the inputs of a model that is trained on events, rows of a
// user and an item each: one of the two is enough for an answer.
func DescribeEvents(t *table.Table, user, item string) ([]Input, error) {
	t, err := t.Select(user, item)
	if err != nil {
		return nil, err
	}
	inputs := Describe(t, "")
	for i := range inputs {
		inputs[i].Required = false
	}
	return inputs, nil
}

// Ask predicts rows of decoded JSON: see FromJSON. Of a model that recommends a
// row is an object with a user, under the name of the column of users, for what
// is recommended to them; with a list of items, or an object of items and their weights, under the name
// of the column of items, for what suits whoever has just done that; with both,
// for a user who did that since; or with one item alone, for what is like it.
// "top" is how long a list is, 10 by default, and "seen": true leaves in what the user
// has done.
func (m *Model) Ask(rows any) (*Prediction, error) {
	if m.Task != learn.Recommendation {
		t, err := m.FromJSON(rows)
		if err != nil {
			return nil, err
		}
		return m.Predict(t)
	}
	questions, err := m.Questions(rows)
	if err != nil {
		return nil, err
	}
	return m.lists(questions)
}

// Questions reads rows of decoded JSON for a model that recommends: see Ask.
func (m *Model) Questions(rows any) ([]recommend.Question, error) {
	user, item := m.Inputs[userInput].Name, m.Inputs[itemInput].Name
	list, ok := rows.([]any)
	if !ok {
		list = []any{rows}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no rows: want an object with %q, %q or both, or an array of such objects", user, item)
	}
	out := make([]recommend.Question, len(list))
	for i, v := range list {
		row, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("row %d is a JSON %s: want an object with %q, %q or both", i+1, jsonType(v), user, item)
		}
		var err error
		if out[i], err = m.question(row, i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *Model) question(row map[string]any, at int) (q recommend.Question, err error) {
	user, item := m.Inputs[userInput], m.Inputs[itemInput]
	for _, name := range sorting.Keys(row) {
		v := row[name]
		switch {
		case v == nil:
		case name == user.Name:
			q.User, err = user.text(v, at)
		case name == item.Name:
			err = item.doings(v, at, &q)
		case name == "top":
			n, ok := whole(v)
			if q.Most = int(n); !ok || n < 1 || n > recommend.Longest {
				err = &InputError{name, at, fmt.Sprintf("%s is no length of a list: want 1 to %d", shown(v), recommend.Longest)}
			}
		case name == "seen":
			var ok bool
			if q.Seen, ok = truth(v); !ok {
				err = &InputError{name, at, fmt.Sprintf("%s is no %s", shown(v), wanted(table.Bool))}
			}
		}
		if err != nil {
			return q, err
		}
	}
	for _, in := range []Input{user, item} {
		if _, ok := row[in.Name]; !ok {
			if err := m.absent(in, sorting.Keys(row)); err != nil {
				return q, err
			}
		}
	}
	return q, m.asked(&q, at)
}

// asked finishes a question: an item without a user is one to find the like of.
func (m *Model) asked(q *recommend.Question, at int) error {
	if q.User == "" && q.Like == "" && len(q.After) == 0 {
		return &InputError{m.Inputs[userInput].Name, at, fmt.Sprintf("is missing, and so is %q: give a user, what was done, or both", m.Inputs[itemInput].Name)}
	}
	if q.User != "" && q.Like != "" {
		q.After, q.Like = []recommend.Event{{Item: q.Like}}, ""
	}
	return nil
}

// doings reads what a row says of items: one, a list, or an object with weights.
func (in Input) doings(v any, at int, q *recommend.Question) (err error) {
	var e recommend.Event
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if e.Item, err = in.text(one, at); err != nil {
				return err
			}
			q.After = append(q.After, e)
		}
	case map[string]any:
		for _, name := range sorting.Keys(v) {
			if e.Item, err = in.text(name, at); err != nil {
				return err
			}
			var ok bool
			if e.Weight, ok = number(v[name]); !ok || !(e.Weight > 0) || e.Weight-e.Weight != 0 {
				return &InputError{in.Name, at, fmt.Sprintf("the weight of %q is %s: want a number above 0", name, shown(v[name]))}
			}
			q.After = append(q.After, e)
		}
	default:
		q.Like, err = in.text(v, at)
	}
	return err
}

// text is how the model knows a value of the column.
func (in Input) text(v any, at int) (string, error) {
	c, err := in.column([]any{v})
	if e := (*InputError)(nil); errors.As(err, &e) {
		e.Row = at
	}
	if err != nil {
		return "", err
	}
	if c.Missing(0) {
		return "", &InputError{in.Name, at, "a value is missing"}
	}
	return c.Text(0), nil
}

// questionsOf are those of the rows of a table: of a user, of an item, or of a
// user who has done the one item since.
func (m *Model) questionsOf(t *table.Table, most int, seen bool) ([]recommend.Question, error) {
	t, err := m.CheckInput(t)
	if err != nil {
		return nil, err
	}
	out := make([]recommend.Question, t.Rows())
	for i := range out {
		out[i] = recommend.Question{User: t.Columns[userInput].Text(i), Like: t.Columns[itemInput].Text(i), Most: most, Seen: seen}
		if err := m.asked(&out[i], i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Recommend gives every row of a table a list of that length; 0 is the default
// one. A row has a user, an item whose like are asked for, or both: a user who
// has done the item since the fit. Lists are without what the user has done
// unless seen is true.
func (m *Model) Recommend(t *table.Table, most int, seen bool) (*Prediction, error) {
	questions, err := m.questionsOf(t, most, seen)
	if err != nil {
		return nil, err
	}
	return m.lists(questions)
}

// lists answers questions, at the same time.
func (m *Model) lists(questions []recommend.Question) (*Prediction, error) {
	r := m.Recommender()
	if r == nil {
		return nil, fmt.Errorf("a model of the task %s gives no lists", m.Task)
	}
	p := &Prediction{Task: m.Task, Lists: make([]List, len(questions))}
	errs := make([]error, len(questions))
	kind := m.Inputs[itemInput].Kind
	err := parallel.Each(context.Background(), runtime.GOMAXPROCS(0), len(questions), func(_, i int) {
		a, err := r.Answer(questions[i])
		if err != nil {
			errs[i] = &InputError{m.Inputs[itemInput].Name, i, strings.TrimPrefix(err.Error(), "recommend: ")}
			return
		}
		l := List{By: a.By, Items: make([]Item, len(a.List)), Unknown: a.Unknown}
		for k, s := range a.List {
			l.Items[k] = Item{typed(s.Item, kind), s.Score}
		}
		p.Lists[i] = l
	})
	if err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Notes is what to know of a prediction beside its values: for whom and what the
// model had nothing to go by.
func (p *Prediction) Notes() []string {
	var out []string
	popular, empty, unknown := 0, 0, map[string]bool{}
	for _, l := range p.Lists {
		if len(l.Items) == 0 {
			empty++
		}
		if l.By == recommend.ByPopularity {
			popular++
		}
		for _, item := range l.Unknown {
			unknown[item] = true
		}
	}
	const says = "what most users came to is recommended"
	switch {
	case popular == 1 && len(p.Lists) == 1:
		out = append(out, "the model knows nothing that this user did: "+says)
	case popular > 0:
		out = append(out, fmt.Sprintf("the model knows nothing that the users of %d of %d rows did: %s", popular, len(p.Lists), says))
	}
	if empty > 0 {
		out = append(out, fmt.Sprintf(`%d of %d lists are empty: there is no item that was not come to before ("seen": true lists those too)`, empty, len(p.Lists)))
	}
	if names := sorting.Keys(unknown); len(names) > 0 {
		more := ""
		if len(names) > 5 {
			names, more = names[:5], fmt.Sprintf(" and %d more", len(names)-5)
		}
		out = append(out, fmt.Sprintf("the model does not know these items, and passes over them: %s%s", strings.Join(names, ", "), more))
	}
	return out
}

// typed is a text as a value of a column of that kind.
func typed(text string, kind table.Kind) any {
	switch kind {
	case table.Int64:
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return v
		}
	case table.Float64:
		if v, err := strconv.ParseFloat(text, 64); err == nil && v-v == 0 {
			return v
		}
	case table.Bool:
		if v, err := strconv.ParseBool(text); err == nil {
			return v
		}
	}
	return text
}
