package preprocess

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/decompose"
	"github.com/runnel-dev/runnel/table"
)

// PCA puts a few columns, the principal components, in the place of many that go
// together: "pc_1" holds what varies most of the columns, each in its standard
// deviations. A missing value counts as the column's mean.
//
// Uncentred, it is a truncated singular value decomposition: a missing value
// counts as 0, and zeros stay near zero, as the many of counts and of terms should.
type PCA struct {
	Columns    []string `json:"columns,omitempty" doc:"columns to take together; empty: every numeric column"`
	Components int      `json:"components,omitempty" default:"0" min:"0" max:"1000" doc:"how many components; 0: as many as hold the share"`
	Share      float64  `json:"share,omitempty" default:"0.95" min:"0.01" max:"1" doc:"share of the variance that the components hold, where their number is not given; 100 components at most"`
	Unscaled   bool     `json:"unscaled,omitempty" default:"false" doc:"take the columns in their own units rather than in standard deviations"`
	Uncentred  bool     `json:"uncentred,omitempty" default:"false" doc:"measure from zero rather than from the mean, in the columns' own units: a truncated singular value decomposition, as for the terms of a text"`
	Keep       bool     `json:"keep,omitempty" default:"false" doc:"keep the columns beside the components"`
	Into       string   `json:"into,omitempty" default:"pc" doc:"what the names of the components begin with: pc_1, pc_2, ..."`
}

// mostComponents are tried where only their share of the variance is given.
const mostComponents = 100

// Kind is "pca".
func (s *PCA) Kind() string { return "pca" }

type componenter struct {
	Params PCA `json:"spec"`
	standard
	Components [][]float64 `json:"components"`
	Outputs    []string    `json:"outputs"`
	notes
}

// Fit finds the components.
func (s *PCA) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	p.Share, p.Into = or(p.Share, 0.95), or(p.Into, "pc")
	if p.Components < 0 || !(p.Share > 0 && p.Share <= 1) {
		return nil, fmt.Errorf("components is %d and share %v: want at least 0, and more than 0 and at most 1", p.Components, p.Share)
	}
	f := &componenter{Params: p}
	if err := f.standard.fit(t, p.Columns, p.Unscaled || p.Uncentred); err != nil {
		return nil, err
	}
	if p.Uncentred {
		clear(f.Center)
	}
	if len(f.Names) == 0 || t.Rows() < 2 {
		f.note(p.Into, 0, "there are no components: %d columns of numbers, %d rows", len(f.Names), t.Rows())
		f.standard = standard{}
		return f, nil
	}
	x, err := f.matrix(t)
	if err != nil {
		return nil, err
	}
	found, err := decompose.SVD{Components: min(or(p.Components, mostComponents), len(f.Names)), Centre: !p.Uncentred}.Fit(ctx, x, opts)
	if err != nil {
		return nil, err
	}
	held := 0.0
	taken := takenNames(t)
	for k, share := range found.Share {
		if p.Components == 0 && held >= p.Share {
			break
		}
		held += share
		f.Components = append(f.Components, found.Components[k])
		f.Outputs = append(f.Outputs, unused(fmt.Sprintf("%s_%d", p.Into, k+1), taken))
	}
	f.note(p.Into, 0, "%s of %s, with %.0f %% of their variance", many(len(f.Components), "component"), many(len(f.Names), "column"), 100*held)
	return f, f.check(learn.State{})
}

func (f *componenter) check(learn.State) error {
	if len(f.Outputs) != len(f.Components) {
		return fmt.Errorf("%d new columns for %d components", len(f.Outputs), len(f.Components))
	}
	for k, c := range f.Components {
		if len(c) != len(f.Names) {
			return fmt.Errorf("component %d has %d numbers for %d columns", k+1, len(c), len(f.Names))
		}
		for _, v := range c {
			if math.Abs(v) > 1.001 {
				return fmt.Errorf("component %d is no unit vector", k+1)
			}
		}
	}
	if err := distinct(f.Outputs); err != nil {
		return err
	}
	return f.standard.check()
}

func (f *componenter) Spec() Spec { p := f.Params; return &p }

func (f *componenter) State() learn.State { return pack("pca", f, nil) }

func (f *componenter) Transform(t *table.Table) (*table.Table, error) {
	x, err := f.matrix(t)
	if err != nil {
		return nil, err
	}
	out := &table.Table{Columns: append([]*table.Column{}, t.Columns...)}
	if !f.Params.Keep {
		out = t.Without(f.Names...)
	}
	if len(f.Components) == 0 {
		return out, nil
	}
	d := &decompose.Directions{Mean: make([]float64, len(f.Names)), Components: f.Components}
	for k, v := range d.Project(x) {
		out.Columns = append(out.Columns, table.FloatColumn(f.Outputs[k], v))
	}
	return out, nil
}
