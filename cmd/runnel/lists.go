package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/learn/model"
)

// listed is an item of a list that a node recommends.
type listed struct {
	item, score string
}

// listOf reads a prediction that is a list of items; ok is false of any other.
func listOf(prediction any) (list []listed, ok bool) {
	items, ok := prediction.([]any)
	for _, v := range items {
		of, _ := v.(map[string]any)
		list = append(list, listed{fmt.Sprint(of["item"]), rounded(of["score"])})
	}
	return list, ok
}

// printList writes the items, a line each, with their scores where somebody looks.
func (a *app) printList(list []listed) {
	rows := make([][]string, len(list))
	for i, l := range list {
		rows[i] = []string{l.item}
		if terminal(a.out) {
			rows[i] = append(rows[i], l.score)
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
