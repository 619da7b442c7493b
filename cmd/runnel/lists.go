package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// listed is an item of a list that a node recommends.
type listed struct {
	item  string
	score float64
}

// listOf reads a prediction that is a list of items; ok is false of any other.
func listOf(prediction any) (list []listed, ok bool) {
	items, ok := prediction.([]any)
	for _, v := range items {
		of, _ := v.(map[string]any)
		score, _ := of["score"].(float64)
		item := fmt.Sprint(of["item"])
		if n, ok := of["item"].(float64); ok {
			item = strconv.FormatFloat(n, 'f', -1, 64)
		}
		list = append(list, listed{item, score})
	}
	return list, ok
}

// printList writes the items, a line each, with their scores where somebody looks.
func (a *app) printList(list []listed) {
	rows := make([][]string, len(list))
	for i, l := range list {
		rows[i] = []string{l.item}
		if terminal(a.out) {
			rows[i] = append(rows[i], fmt.Sprintf("%.3f", l.score))
		}
	}
	columns(a.out, rows, 1)
}

// joined is a list in one line.
func joined(list []listed) string {
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.item
	}
	return strings.Join(names, ", ")
}

// lists are the predictions as a table of a row for each item of each row's list;
// nil where they are no lists.
func (p *predicted) lists(t *table.Table) (*table.Table, error) {
	var rows []int
	var ranks []int64
	var items, by []string
	var scores []float64
	for i, v := range p.Predictions {
		list, ok := listOf(v)
		if !ok {
			return nil, nil
		}
		for k, l := range list {
			rows, ranks = append(rows, i), append(ranks, int64(k+1))
			items, scores = append(items, l.item), append(scores, l.score)
			by = append(by, p.By[i])
		}
	}
	return t.Take(rows).With(table.IntColumn("rank", ranks), table.StringColumn("prediction", items),
		table.FloatColumn("score", scores), table.StringColumn("by", by))
}

// exampleUser is the row of one of the users whom the lists were judged by.
func exampleUser(inputs []model.Input, lists *evaluate.Lists) string {
	if len(inputs) == 0 || len(lists.Examples) == 0 {
		return exampleRow(inputs)
	}
	var user any = lists.Examples[0].User
	if inputs[0].Kind.Numeric() {
		user = json.Number(lists.Examples[0].User)
	}
	b, err := json.Marshal(map[string]any{inputs[0].Name: user})
	if err != nil {
		return exampleRow(inputs)
	}
	return string(b)
}
