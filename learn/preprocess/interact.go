package preprocess

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Interact adds a column made of each pair of columns: "<a>_x_<b>" for a
// product, "<a>_over_<b>", "<a>_plus_<b>", "<a>_minus_<b>", and "<a>_and_<b>" for
// the two values as one category. It is missing where either value is, and a
// ratio also where it would divide by zero.
type Interact struct {
	Pairs [][2]string `json:"pairs,omitempty" doc:"the pairs of columns"`
	Op    string      `json:"op,omitempty" default:"product" enum:"product,ratio,sum,difference,concat" doc:"what is made of a pair"`
	Into  string      `json:"into,omitempty" doc:"name of the new column where there is one pair"`
}

// Kind is "interact".
func (s *Interact) Kind() string { return "interact" }

type interacter struct {
	Params  Interact `json:"spec"`
	Outputs []string `json:"outputs"`
	notes
}

var interactWords = map[string]string{"product": "x", "ratio": "over", "sum": "plus", "difference": "minus", "concat": "and"}

// Fit checks the pairs and names the new columns.
func (s *Interact) Fit(ctx context.Context, t *table.Table, _ *learn.Target, _ *learn.Options) (Transformer, error) {
	p := *s
	p.Op = or(p.Op, "product")
	if err := oneOf("op", p.Op, "product", "ratio", "sum", "difference", "concat"); err != nil {
		return nil, err
	}
	if p.Into != "" && len(p.Pairs) != 1 {
		return nil, fmt.Errorf("into names one new column, but there are %d pairs", len(p.Pairs))
	}
	f := &interacter{Params: p, Outputs: make([]string, len(p.Pairs))}
	taken := takenNames(t)
	for k, pair := range p.Pairs {
		for _, name := range pair {
			if _, err := pick(t, []string{name}, "numbers", func(c *table.Column) bool { return p.Op == "concat" || numberLike(c) }); err != nil {
				return nil, err
			}
		}
		f.Outputs[k] = unused(or(p.Into, pair[0]+"_"+interactWords[p.Op]+"_"+pair[1]), taken)
		f.note(f.Outputs[k], 0, "%s of %q and %q", p.Op, pair[0], pair[1])
	}
	return f, ctx.Err()
}

func (f *interacter) check(learn.State) error {
	if len(f.Outputs) != len(f.Params.Pairs) {
		return fmt.Errorf("%d outputs for %d pairs", len(f.Outputs), len(f.Params.Pairs))
	}
	if err := oneOf("op", f.Params.Op, "product", "ratio", "sum", "difference", "concat"); err != nil {
		return err
	}
	return distinct(f.Outputs)
}

func (f *interacter) Spec() Spec { p := f.Params; return &p }

func (f *interacter) State() learn.State { return pack("interact", f, nil) }

func (f *interacter) Transform(t *table.Table) (*table.Table, error) {
	out := &table.Table{Columns: append(make([]*table.Column, 0, len(t.Columns)+len(f.Outputs)), t.Columns...)}
	cur := cursor{t: t}
	for k, pair := range f.Params.Pairs {
		i, err := cur.find(pair[0])
		if err != nil {
			return nil, err
		}
		j, err := cur.find(pair[1])
		if err != nil {
			return nil, err
		}
		c, err := f.combine(t.Columns[i], t.Columns[j], f.Outputs[k])
		if err != nil {
			return nil, err
		}
		out.Columns = append(out.Columns, c)
	}
	return out, nil
}

func (f *interacter) combine(a, b *table.Column, name string) (*table.Column, error) {
	if f.Params.Op == "concat" {
		return concat(a, b, name), nil
	}
	x, err := numbersOf(a)
	if err != nil {
		return nil, err
	}
	y, err := numbersOf(b)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(x))
	for i, u := range x {
		v := y[i]
		switch f.Params.Op {
		case "product":
			out[i] = u * v
		case "ratio":
			if out[i] = u / v; v == 0 {
				out[i] = math.NaN()
			}
		case "sum":
			out[i] = u + v
		default:
			out[i] = u - v
		}
	}
	return table.FloatColumn(name, out), nil
}

// concat joins the texts of two columns by "|", each distinct pair once.
func concat(a, b *table.Column, name string) *table.Column {
	n := a.Len()
	out := &table.Column{Name: name, Kind: table.String, Codes: make([]uint32, n)}
	codes := map[string]uint32{}
	type pair struct{ a, b uint32 }
	var pairs map[pair]uint32
	if a.Kind == table.String && b.Kind == table.String {
		pairs = map[pair]uint32{}
	}
	for i := range n {
		if a.Missing(i) || b.Missing(i) {
			out.SetMissing(i)
			continue
		}
		var p pair
		if pairs != nil {
			p = pair{a.Codes[i], b.Codes[i]}
			if code, ok := pairs[p]; ok {
				out.Codes[i] = code
				continue
			}
		}
		text := a.Text(i) + "|" + b.Text(i)
		code, ok := codes[text]
		if !ok {
			code = uint32(len(out.Dict))
			codes[text] = code
			out.Dict = append(out.Dict, text)
		}
		if pairs != nil {
			pairs[p] = code
		}
		out.Codes[i] = code
	}
	return out
}
