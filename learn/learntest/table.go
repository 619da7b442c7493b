package learntest

import (
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

var words = []string{"red", "green", "blue", "a red sea", " Blue ", "the running Dogs ran", "2024-02-03", "x"}

// Draw draws a table with a column of every kind:
//
//	f       numbers, some missing
//	g       whole numbers as floats
//	i       whole numbers, some missing
//	b       true and false, some missing
//	s       words, some missing
//	u_date  words, dates among them
//	d       times, some missing
func Draw(t *rapid.T, rows int) *table.Table {
	return made(rows, source{
		missing: func() bool { return rapid.IntRange(0, 4).Draw(t, "missing") == 0 },
		float:   func() float64 { return rapid.Float64Range(-1e6, 1e6).Draw(t, "f") },
		whole:   func(most int64) int64 { return rapid.Int64Range(-most, most).Draw(t, "whole") },
		below:   func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "below") },
	})
}

// Table is a table like those of [Draw], the same for each seed.
func Table(rows int, seed uint64) *table.Table {
	rng := rand.New(rand.NewPCG(seed, 3))
	return made(rows, source{
		missing: func() bool { return rng.IntN(5) == 0 },
		float:   func() float64 { return 1000 * rng.NormFloat64() },
		whole:   func(most int64) int64 { return rng.Int64N(2*most+1) - most },
		below:   rng.IntN,
	})
}

// A source is where the values of a table come from.
type source struct {
	missing func() bool
	float   func() float64
	whole   func(most int64) int64
	below   func(n int) int
}

func made(rows int, from source) *table.Table {
	f, g, k := make([]float64, rows), make([]float64, rows), make([]int64, rows)
	b, s, u := make([]bool, rows), make([]string, rows), make([]string, rows)
	d := make([]time.Time, rows)
	for i := range rows {
		f[i], g[i], k[i] = from.float(), float64(from.whole(3)), from.whole(5)
		b[i], s[i], u[i] = from.below(2) == 0, words[from.below(len(words))], words[from.below(len(words))]
		d[i] = time.UnixMicro(from.whole(25e14) + 15e14).UTC()
	}
	some := func(c *table.Column) *table.Column {
		for i := range rows {
			if from.missing() {
				c.SetMissing(i)
			}
		}
		return c
	}
	return &table.Table{Columns: []*table.Column{some(table.FloatColumn("f", f)), table.FloatColumn("g", g), some(table.IntColumn("i", k)),
		some(table.BoolColumn("b", b)), some(table.StringColumn("s", s)), table.StringColumn("u_date", u), some(table.TimeColumn("d", d))}}
}

// drawTarget draws a target of either kind.
func drawTarget(t *rapid.T, rows int) *learn.Target {
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
	if rapid.Bool().Draw(t, "classes") {
		y = &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}, Labels: make([]int32, rows)}
	}
	for i := range rows {
		if y.Task == learn.Classification {
			y.Labels[i] = rapid.Int32Range(0, 2).Draw(t, "label")
		} else {
			y.Values[i] = rapid.Float64Range(-10, 10).Draw(t, "y")
		}
	}
	return y
}

func regression(rows int) *learn.Target {
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
	for i := range y.Values {
		y.Values[i] = float64(i * i % 17)
	}
	return y
}

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}
