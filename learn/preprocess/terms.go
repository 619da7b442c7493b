package preprocess

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/text"
	"github.com/runnel-dev/runnel/table"
)

// Tfidf replaces each column of text by a number for each of its terms, named
// "<column>_<term>": how often a row has the term, times how rare the term is
// (ln((1+rows)/(1+rows with it)) + 1), each row's numbers scaled to length 1. It
// is scikit-learn's TfidfVectorizer, equally frequent terms in sorted order. A
// row without text, or without known terms, is zeros.
type Tfidf struct {
	Columns     []string `json:"columns,omitempty" doc:"columns of text; empty: every string column"`
	MaxFeatures int      `json:"max_features,omitempty" default:"100" min:"1" doc:"how many terms are kept of each column, the most frequent"`
	MinRows     int      `json:"min_rows,omitempty" default:"1" min:"1" doc:"leave out terms that fewer training rows have"`
	MaxShare    float64  `json:"max_share,omitempty" default:"1" min:"0" max:"1" doc:"leave out terms that a greater share of training rows have"`
	Sublinear   bool     `json:"sublinear,omitempty" default:"false" doc:"count 1 + ln(times) for a term that a row has more than once"`
	StopWords   bool     `json:"stop_words,omitempty" default:"false" doc:"leave out English stop words"`
	Stem        bool     `json:"stem,omitempty" default:"false" doc:"take Porter's stems for words"`
	NGrams      int      `json:"ngrams,omitempty" default:"1" min:"1" max:"5" doc:"also take runs of up to so many words as terms"`
}

// Kind is "tfidf".
func (s *Tfidf) Kind() string { return "tfidf" }

type tfidf struct {
	Params  Tfidf         `json:"spec"`
	Columns []tfidfColumn `json:"columns"`
	notes
	names []string
}

type tfidfColumn struct {
	Name    string    `json:"name"`
	Terms   []string  `json:"terms"`
	IDF     []float64 `json:"idf"`
	Outputs []string  `json:"outputs"`

	index map[string]int32
}

func (s *Tfidf) withDefaults() (Tfidf, error) {
	p := *s
	p.MaxFeatures, p.MinRows, p.MaxShare, p.NGrams = or(p.MaxFeatures, 100), or(p.MinRows, 1), or(p.MaxShare, 1), or(p.NGrams, 1)
	if p.MaxFeatures < 1 || p.MinRows < 1 || !(p.MaxShare > 0 && p.MaxShare <= 1) || p.NGrams < 1 || p.NGrams > 5 {
		return p, fmt.Errorf("max_features and min_rows are 1 or more, max_share is above 0 and at most 1, ngrams 1 to 5")
	}
	return p, nil
}

// Fit chooses the terms and computes how rare they are.
func (s *Tfidf) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	columns, err := pick(t, p.Columns, "text", isString)
	if err != nil {
		return nil, err
	}
	f := &tfidf{Params: p, Columns: make([]tfidfColumn, len(columns))}
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		f.Columns[j] = fitTerms(columns[j], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	taken := takenNames(t)
	for j := range f.Columns {
		c := &f.Columns[j]
		if err := affordable(c.Name, t.Rows(), len(c.Terms), "set a lower max_features"); err != nil {
			return nil, err
		}
		delete(taken, c.Name)
		c.Outputs = make([]string, len(c.Terms))
		for k, term := range c.Terms {
			c.Outputs[k] = unused(c.Name+"_"+term, taken)
		}
		f.note(c.Name, 0, "tf-idf of %d terms", len(c.Terms))
	}
	return f, f.check(learn.State{})
}

func fitTerms(c *table.Column, p Tfidf) tfidfColumn {
	rows := make([]int, len(c.Dict))
	for i, code := range c.Codes {
		if !c.Missing(i) {
			rows[code]++
		}
	}
	type seen struct{ rows, times, last int }
	found := map[string]*seen{}
	analyzer := text.Analyzer{Options: p.options()}
	var terms []string
	for k, doc := range c.Dict {
		if rows[k] == 0 {
			continue
		}
		terms = analyzer.Terms(terms[:0], doc)
		for _, term := range terms {
			s := found[term]
			if s == nil {
				s = &seen{last: -1}
				found[strings.Clone(term)] = s
			}
			s.times += rows[k]
			if s.last != k {
				s.last = k
				s.rows += rows[k]
			}
		}
	}
	n := float64(c.Len())
	out := tfidfColumn{Name: c.Name, Terms: []string{}, IDF: []float64{}}
	for term, s := range found {
		if s.rows >= p.MinRows && float64(s.rows) <= p.MaxShare*n {
			out.Terms = append(out.Terms, term)
		}
	}
	sorting.Func(out.Terms, func(a, b string) int {
		return cmp.Or(found[b].times-found[a].times, cmp.Compare(a, b))
	})
	out.Terms = slices.Clone(out.Terms[:min(len(out.Terms), p.MaxFeatures)])
	sorting.Ordered(out.Terms)
	for _, term := range out.Terms {
		out.IDF = append(out.IDF, portable.Log((1+n)/(1+float64(found[term].rows)))+1)
	}
	return out
}

func (s *Tfidf) options() text.Options {
	return text.Options{StopWords: s.StopWords, Stem: s.Stem, NGrams: s.NGrams}
}

func (f *tfidf) check(learn.State) error {
	if _, err := f.Params.withDefaults(); err != nil {
		return err
	}
	f.names = make([]string, len(f.Columns))
	for j := range f.Columns {
		c := &f.Columns[j]
		f.names[j] = c.Name
		if len(c.IDF) != len(c.Terms) || len(c.Outputs) != len(c.Terms) {
			return fmt.Errorf("column %q: %d terms, %d weights and %d outputs: want as many", c.Name, len(c.Terms), len(c.IDF), len(c.Outputs))
		}
		c.index = indexOf(c.Terms)
	}
	return distinct(f.names)
}

func (f *tfidf) Spec() Spec { p := f.Params; return &p }

func (f *tfidf) State() learn.State { return pack("tfidf", f, nil) }

func (f *tfidf) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		e := &f.Columns[j]
		return vectorize(c, e.Outputs, f.Params.options(), f.Params.Sublinear, func(term string) (int32, float64) {
			if k, ok := e.index[term]; ok {
				return k, 1
			}
			return -1, 0
		}, e.IDF)
	})
}

// HashText replaces each column of text by a fixed number of columns,
// "<column>_0" and so on, into which its terms are hashed with a sign, each row
// scaled to length 1: scikit-learn's HashingVectorizer. It learns nothing from
// the rows.
type HashText struct {
	Columns   []string `json:"columns,omitempty" doc:"columns of text; empty: every string column"`
	Features  int      `json:"features,omitempty" default:"64" min:"1" max:"65536" doc:"how many columns a column of text becomes"`
	StopWords bool     `json:"stop_words,omitempty" default:"false" doc:"leave out English stop words"`
	Stem      bool     `json:"stem,omitempty" default:"false" doc:"take Porter's stems for words"`
	NGrams    int      `json:"ngrams,omitempty" default:"1" min:"1" max:"5" doc:"also take runs of up to so many words as terms"`
}

// Kind is "hashtext".
func (s *HashText) Kind() string { return "hashtext" }

type textHasher struct {
	Params  HashText   `json:"spec"`
	Names   []string   `json:"columns"`
	Outputs [][]string `json:"outputs"`
	notes
}

// Fit names the columns.
func (s *HashText) Fit(ctx context.Context, t *table.Table, _ *learn.Target, _ *learn.Options) (Transformer, error) {
	p := *s
	p.Features, p.NGrams = or(p.Features, 64), or(p.NGrams, 1)
	columns, err := pick(t, p.Columns, "text", isString)
	if err != nil {
		return nil, err
	}
	f := &textHasher{Params: p, Names: columnNames(columns), Outputs: make([][]string, len(columns))}
	if err := f.checkParams(); err != nil {
		return nil, err
	}
	taken := takenNames(t)
	for j, name := range f.Names {
		if err := affordable(name, t.Rows(), p.Features, "set fewer features"); err != nil {
			return nil, err
		}
		delete(taken, name)
		for k := range p.Features {
			f.Outputs[j] = append(f.Outputs[j], unused(fmt.Sprintf("%s_%d", name, k), taken))
		}
		f.note(name, 0, "terms hashed into %d columns", p.Features)
	}
	return f, ctx.Err()
}

func (f *textHasher) checkParams() error {
	if p := f.Params; p.Features < 1 || p.Features > 1<<16 || p.NGrams < 1 || p.NGrams > 5 {
		return fmt.Errorf("features is %d and ngrams %d: want 1 to 65536, and 1 to 5", p.Features, p.NGrams)
	}
	return nil
}

func (f *textHasher) check(learn.State) error {
	if err := f.checkParams(); err != nil {
		return err
	}
	if len(f.Outputs) != len(f.Names) {
		return fmt.Errorf("%d columns but outputs of %d", len(f.Names), len(f.Outputs))
	}
	for j, o := range f.Outputs {
		if len(o) != f.Params.Features {
			return fmt.Errorf("column %q: %d outputs for %d features", f.Names[j], len(o), f.Params.Features)
		}
	}
	return distinct(f.Names)
}

func (f *textHasher) Spec() Spec { p := f.Params; return &p }

func (f *textHasher) State() learn.State { return pack("hashtext", f, nil) }

func (f *textHasher) Transform(t *table.Table) (*table.Table, error) {
	p := f.Params
	return rewrite(t, f.Names, func(j int, c *table.Column) ([]*table.Column, error) {
		return vectorize(c, f.Outputs[j], text.Options{StopWords: p.StopWords, Stem: p.Stem, NGrams: p.NGrams}, false,
			func(term string) (int32, float64) {
				h := int64(int32(text.Hash(term)))
				if h < 0 {
					return int32(-h % int64(p.Features)), -1
				}
				return int32(h % int64(p.Features)), 1
			}, nil)
	})
}

// vectorize counts a column's terms by the slot and sign that each has (slot
// below 0: none), weighs the counts, and scales each row to length 1.
func vectorize(c *table.Column, outputs []string, o text.Options, sublinear bool, slot func(term string) (int32, float64), weights []float64) ([]*table.Column, error) {
	n := c.Len()
	outs, values := floatColumns(outputs, n)
	const block = 1024
	return outs, each((n+block-1)/block, workers(n*16), func(b int) error {
		analyzer := text.Analyzer{Options: o}
		var terms []string
		var slots []int32
		counts := make([]float64, len(outputs))
		for i := b * block; i < min((b+1)*block, n); i++ {
			if c.Missing(i) {
				continue
			}
			terms, slots = analyzer.Terms(terms[:0], c.Text(i)), slots[:0]
			for _, term := range terms {
				if k, sign := slot(term); k >= 0 {
					counts[k] += sign
					slots = append(slots, k)
				}
			}
			sorting.Ordered(slots)
			slots = slices.Compact(slots)
			sum := 0.0
			for _, k := range slots {
				v := counts[k]
				if sublinear && v > 0 {
					v = portable.Log(v) + 1
				}
				if weights != nil {
					v *= weights[k]
				}
				counts[k] = v
				sum += float64(v * v)
			}
			length := math.Sqrt(sum)
			for _, k := range slots {
				if length > 0 {
					values[int(k)*n+i] = counts[k] / length
				}
				counts[k] = 0
			}
		}
		return nil
	})
}
