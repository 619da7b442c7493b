// Command rare is a step in Go that needs nothing but the standard library: it
// gathers the seldom values of text columns under one name.
package main

// Params are those of function.yaml.
type Params struct {
	Least int    `json:"least"`
	Other string `json:"other"`
}

func main() {
	var p Params
	call, err := ReadInvocation(&p)
	if err != nil {
		Fail("%v", err)
	}
	t, err := ReadTable("/in/dataset.columns")
	if err != nil {
		Fail("the event's dataset: %v", err)
	}
	for i, c := range t.Columns {
		if c.Kind == String && c.Name != call.Target {
			t.Columns[i] = gather(c, p)
		}
	}
	if err := t.Write("/out/dataset.columns"); err != nil {
		Fail("%v", err)
	}
}

// gather makes the column anew. Columns of nothing but seldom values, such as
// names, stay as they are.
func gather(c *Column, p Params) *Column {
	counts := map[string]int{}
	for i, v := range c.Strings {
		if !c.Missing(i) {
			counts[v]++
		}
	}
	kept := 0
	for _, n := range counts {
		if n >= p.Least {
			kept++
		}
	}
	if kept == 0 || kept == len(counts) {
		return c
	}
	out := &Column{Name: c.Name, Kind: String, Strings: make([]string, len(c.Strings)), Valid: c.Valid}
	for i, v := range c.Strings {
		switch {
		case c.Missing(i):
		case counts[v] < p.Least:
			out.Strings[i] = p.Other
		default:
			out.Strings[i] = v
		}
	}
	return out
}
