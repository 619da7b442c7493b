package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/table"
)

// recommender is a model of users with numbers and items that are texts, or of
// items with numbers.
func recommender(t *testing.T, numbers bool) *model.Model {
	t.Helper()
	var done []recommend.Event
	var users, items []int64
	for u := range 24 {
		for k := range 6 {
			user, item := int64(u), int64(u%4+4*((u+k)%9))
			users, items = append(users, user), append(items, item)
			done = append(done, recommend.Event{User: fmt.Sprint(user), Item: fmt.Sprint(item)})
		}
	}
	column := table.IntColumn("item", items)
	if !numbers {
		column = table.StringColumn("item", column.Strings())
	}
	r, err := recommend.ALS{Factors: 6}.Fit(t.Context(), done, &learn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	events, err := table.New(table.IntColumn("user", users), column)
	if err != nil {
		t.Fatal(err)
	}
	m := &model.Model{Task: learn.Recommendation, Estimator: r, Features: []string{"user"}}
	if m.Inputs, err = model.DescribeEvents(events, "user", "item"); err != nil {
		t.Fatal(err)
	}
	return m
}

func decode(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAskForLists(t *testing.T) {
	for _, numbers := range []bool{false, true} {
		m := recommender(t, numbers)
		a, b, err := model.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := model.Decode(a, b)
		if err != nil {
			t.Fatal(err)
		}
		a2, b2, err := model.Encode(again)
		if err != nil || !bytes.Equal(a, a2) || !bytes.Equal(b, b2) {
			t.Fatalf("a model that was read is written otherwise: %v", err)
		}
		for _, c := range []struct {
			row, by string
			n       int
			notes   string
		}{
			{`{"user": 3}`, "history", 10, ""},
			{`{"user": "3", "top": 2}`, "history", 2, ""},
			{`{"user": 3, "top": 1000, "seen": true}`, "history", 36, ""},
			{`{"user": 3, "item": 5}`, "latest", 10, ""},
			{`{"user": 3, "item": [5, 9], "top": 1}`, "latest", 1, ""},
			{`{"item": {"5": 2.5}, "top": 1}`, "latest", 1, ""},
			{`{"item": 5, "top": 4}`, "similarity", 4, ""},
			{`{"user": null, "item": [77, 5]}`, "latest", 10, "does not know these items, and passes over them: 77"},
			{`{"user": 99}`, "popularity", 10, "nothing that this user did"},
			{`[{"user": 99}, {"user": 3}]`, "popularity", 10, "the users of 1 of 2 rows"},
		} {
			p, err := again.Ask(decode(t, c.row))
			if err != nil || p.Lists[0].By != c.by || len(p.Lists[0].Items) != c.n || !strings.Contains(strings.Join(p.Notes(), "\n"), c.notes) || c.notes == "" && p.Notes() != nil {
				t.Fatalf("%s: %+v, %v", c.row, p, err)
			}
			want := reflect.String
			if numbers {
				want = reflect.Int64
			}
			if kind := reflect.TypeOf(p.Value(0).([]model.Item)[0].Item).Kind(); kind != want {
				t.Errorf("%s: items of kind %v, want %v", c.row, kind, want)
			}
		}
	}
}

// Who has done everything gets an empty list, which is said.
func TestNothingLeft(t *testing.T) {
	m := recommender(t, true)
	all, err := m.Ask(decode(t, `{"user": 3, "top": 1000, "seen": true}`))
	if err != nil {
		t.Fatal(err)
	}
	var items []string
	for _, item := range all.Lists[0].Items {
		items = append(items, fmt.Sprint(item.Item))
	}
	p, err := m.Ask(decode(t, `{"user": 3, "item": [`+strings.Join(items, ",")+`]}`))
	if err != nil || len(p.Lists[0].Items) != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if notes := strings.Join(p.Notes(), "\n"); notes != `1 of 1 lists are empty: there is no item that was not come to before ("seen": true lists those too)` {
		t.Errorf("notes %q", notes)
	}
}

func TestListsOfATable(t *testing.T) {
	m := recommender(t, false)
	rows, err := table.New(table.IntColumn("user", []int64{3, 99}))
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predict(rows)
	if err != nil || p.Rows() != 2 || p.Lists[0].By != recommend.ByHistory || p.Lists[1].By != recommend.ByPopularity {
		t.Fatalf("%+v, %v", p, err)
	}
	asked, err := m.Ask(decode(t, `{"user": 3}`))
	if err != nil || !reflect.DeepEqual(asked.Lists[0], p.Lists[0]) {
		t.Errorf("%+v of the row, %+v of the table: %v", asked.Lists[0], p.Lists[0], err)
	}
}

func TestAskedWrongly(t *testing.T) {
	m := recommender(t, true)
	for row, want := range map[string]string{
		`{}`:                            `column "user", row 1: is missing, and so is "item"`,
		`{"usr": 3}`:                    "user",
		`{"user": 3, "itme": [5]}`:      `column "item" is missing: did you mean it by "itme"?`,
		`{"user": "x"}`:                 `column "user", row 1: "x" is no whole number`,
		`[{"user": 3}, {"item": [{}]}]`: `column "item", row 2`,
		`{"item": {"5": 0}}`:            `the weight of "5" is 0`,
		`{"item": 77}`:                  `the model knows no item "77"`,
		`{"user": 3, "top": 1001}`:      `column "top", row 1: 1001 is no length`,
		`{"user": 3, "seen": "maybe"}`:  `column "seen", row 1`,
		`[]`:                            "no rows",
		`[3]`:                           "row 1 is a JSON number",
		`3`:                             "row 1 is a JSON number",
	} {
		if _, err := m.Ask(decode(t, row)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", row, err, want)
		}
	}
	for want, change := range map[string]func(m *model.Model){
		"two, of users and of items": func(m *model.Model) { m.Inputs = m.Inputs[:1] },
		"has no target":              func(m *model.Model) { m.Target = "y" },
		"an estimator of":            func(m *model.Model) { m.Task = learn.Regression },
	} {
		other := *m
		change(&other)
		if err := other.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
