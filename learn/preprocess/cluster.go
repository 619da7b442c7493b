package preprocess

import (
	"context"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/table"
)

// Cluster adds for each row to which group of alike rows it belongs, as a column
// of categories "1", "2", ..., how far it is from the middle of each group, as
// columns of numbers, or both. The groups are found by k-means on the training
// rows. A missing value counts as the column's mean.
type Cluster struct {
	Columns  []string `json:"columns,omitempty" doc:"columns by which rows are alike; empty: every numeric column"`
	Clusters int      `json:"clusters,omitempty" default:"0" min:"0" max:"1000" doc:"how many groups; 0: as many, from 2 to 10, as have the largest silhouette on a sample"`
	Output   string   `json:"output,omitempty" default:"distance" enum:"distance,label,both" doc:"add the distance from each group, the row's own group, or both"`
	Starts   int      `json:"starts,omitempty" default:"3" min:"1" max:"100" doc:"how often to look for groups from other beginnings; the best are kept"`
	Unscaled bool     `json:"unscaled,omitempty" default:"false" doc:"take the columns in their own units rather than in standard deviations"`
	Into     string   `json:"into,omitempty" default:"cluster" doc:"name of the new column; those of distances end in _1, _2, ..."`
}

// Kind is "cluster".
func (s *Cluster) Kind() string { return "cluster" }

type clusterer struct {
	Params Cluster `json:"spec"`
	standard
	Groups  [][]float64 `json:"groups"`
	Outputs []string    `json:"outputs"`
	notes
}

// The most groups that are tried, and the rows that they are tried on.
const (
	mostGroups   = 10
	groupsSample = 2000
)

// Fit finds the groups.
func (s *Cluster) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	p.Output, p.Starts, p.Into = or(p.Output, "distance"), or(p.Starts, 3), or(p.Into, "cluster")
	if err := oneOf("output", p.Output, "distance", "label", "both"); err != nil {
		return nil, err
	}
	f := &clusterer{Params: p}
	if err := f.standard.fit(t, p.Columns, p.Unscaled); err != nil {
		return nil, err
	}
	if len(f.Names) == 0 {
		f.note(p.Into, 0, "there are no columns of numbers to group rows by")
		return f, nil
	}
	x, err := f.matrix(t)
	if err != nil {
		return nil, err
	}
	means := cluster.New()
	means.K, means.Starts = p.Clusters, p.Starts
	if p.Clusters == 0 {
		if means.K, _, err = means.Choose(ctx, x, mostGroups, groupsSample, opts); err != nil {
			return nil, err
		}
	}
	found, _, err := means.Fit(ctx, x, opts)
	if err != nil {
		return nil, err
	}
	f.Groups = found.Centers
	taken := takenNames(t)
	if p.Output != "distance" {
		f.Outputs = append(f.Outputs, unused(p.Into, taken))
	}
	if p.Output != "label" {
		for k := range f.Groups {
			f.Outputs = append(f.Outputs, unused(fmt.Sprintf("%s_%d", p.Into, k+1), taken))
		}
	}
	rows := make([]string, len(found.Sizes))
	for k, n := range found.Sizes {
		rows[k] = fmt.Sprint(n)
	}
	f.note(p.Into, 0, "%s by %s, of %s rows", many(len(f.Groups), "group"), many(len(f.Names), "column"), strings.Join(rows, ", "))
	return f, f.check(learn.State{})
}

func (f *clusterer) check(learn.State) error {
	if (len(f.Groups) == 0) != (len(f.Names) == 0) {
		return fmt.Errorf("%d columns and %d groups", len(f.Names), len(f.Groups))
	}
	if err := oneOf("output", f.Params.Output, "distance", "label", "both"); err != nil {
		return err
	}
	want := map[string]int{"distance": len(f.Groups), "label": 1, "both": len(f.Groups) + 1}[f.Params.Output]
	if len(f.Groups) > 0 && len(f.Outputs) != want {
		return fmt.Errorf("%d new columns, want %d", len(f.Outputs), want)
	}
	for k, g := range f.Groups {
		if len(g) != len(f.Names) {
			return fmt.Errorf("group %d has %d numbers for %d columns", k+1, len(g), len(f.Names))
		}
	}
	if err := distinct(f.Outputs); err != nil {
		return err
	}
	return f.standard.check()
}

func (f *clusterer) Spec() Spec { p := f.Params; return &p }

func (f *clusterer) State() learn.State { return pack("cluster", f, nil) }

func (f *clusterer) Transform(t *table.Table) (*table.Table, error) {
	out := &table.Table{Columns: append(make([]*table.Column, 0, len(t.Columns)+len(f.Outputs)), t.Columns...)}
	if len(f.Groups) == 0 {
		return out, nil
	}
	x, err := f.matrix(t)
	if err != nil {
		return nil, err
	}
	groups, outputs := &cluster.Clusters{Names: f.Names, Centers: f.Groups}, f.Outputs
	if f.Params.Output != "distance" {
		labels, _ := groups.Assign(x)
		names := make([]string, len(labels))
		for i, l := range labels {
			names[i] = fmt.Sprint(l + 1)
		}
		out.Columns = append(out.Columns, table.StringColumn(outputs[0], names))
		outputs = outputs[1:]
	}
	if f.Params.Output != "label" {
		distances := groups.Distances(x)
		for k, name := range outputs {
			values := make([]float64, x.Rows)
			for i := range values {
				values[i] = distances[i*len(outputs)+k]
			}
			out.Columns = append(out.Columns, table.FloatColumn(name, values))
		}
	}
	return out, nil
}
