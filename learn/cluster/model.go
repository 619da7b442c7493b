package cluster

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/distance"
)

// Assign returns the nearest centre of each row, the first of equals, and the
// distance from it. A row that lacks a number belongs to none: -1 and NaN.
func (c *Clusters) Assign(x *learn.Matrix) ([]int32, []float64) {
	labels, nearest := make([]int32, x.Rows), make([]float64, x.Rows)
	c.each(x, func(start, rows int, distances []float64) {
		for i := range rows {
			best, label := math.NaN(), int32(-1)
			for k := range c.Centers {
				if d := distances[k*wide+i]; d < best || d == d && label < 0 {
					best, label = d, int32(k)
				}
			}
			labels[start+i], nearest[start+i] = label, math.Sqrt(best)
		}
	})
	return labels, nearest
}

// Distances returns how far each row is from each centre: rows x centres,
// row-major. Where a row lacks a number they are NaN.
func (c *Clusters) Distances(x *learn.Matrix) []float64 {
	k := len(c.Centers)
	out := make([]float64, x.Rows*k)
	c.each(x, func(start, rows int, distances []float64) {
		for i := range rows {
			for n := range k {
				out[(start+i)*k+n] = math.Sqrt(distances[n*wide+i])
			}
		}
	})
	return out
}

func (c *Clusters) each(x *learn.Matrix, do func(start, rows int, squared []float64)) {
	features := len(c.Names)
	var centers []float64
	for _, v := range c.Centers {
		centers = append(centers, v...)
	}
	p := plain(x)
	all, block := distance.Tiles(centers, features, 1, nil), make([]float64, features*wide)
	squared := make([]float64, len(all)/features*wide)
	for start := 0; start < x.Rows; start += wide {
		rows := p.block(start, block)
		distance.Squared(block, features, rows, all, squared)
		do(start, rows, squared)
	}
}

// plain are the rows of a matrix as they are.
func plain(x *learn.Matrix) *points {
	return &points{columns: x.Columns, rows: x.Rows, mean: make([]float64, len(x.Columns)), scale: 1}
}

// Kind names the state of clusters.
const Kind = "kmeans"

// Outputs implements learn.Model: a distance from each centre.
func (c *Clusters) Outputs() int { return len(c.Centers) }

// Predict implements learn.Model: it is Distances.
func (c *Clusters) Predict(x *learn.Matrix) []float64 { return c.Distances(x) }

// State is all there is to the clusters.
func (c *Clusters) State() learn.State {
	var centers []float64
	for _, v := range c.Centers {
		centers = append(centers, v...)
	}
	s := learn.State{Kind: Kind, Params: map[string]any{"inertia": c.Inertia, "iterations": c.Iterations, "features": append([]string{}, c.Names...)},
		Tensors: map[string]learn.Tensor{
			"centers": {Shape: []int{len(c.Centers), len(c.Names)}, Data: centers},
			"sizes":   {Shape: []int{len(c.Sizes)}, Data: append([]float64{}, c.Sizes...)},
		}}
	if len(c.Tried) > 0 {
		s.Tensors["tried"] = learn.Tensor{Shape: []int{len(c.Tried)}, Data: append([]float64{}, c.Tried...)}
	}
	return s
}

// FromState restores clusters. A state that none could have is an error.
func FromState(s learn.State) (*Clusters, error) {
	if s.Kind != Kind {
		return nil, fmt.Errorf("a state of kind %q, want %q", s.Kind, Kind)
	}
	c := &Clusters{}
	if err := c.read(s); err != nil {
		return nil, fmt.Errorf("state of %q: %w", Kind, err)
	}
	return c, nil
}

func (c *Clusters) read(s learn.State) (err error) {
	if c.Names, err = texts(s.Params["features"]); err != nil {
		return err
	}
	t := s.Tensors["centers"]
	centers, ok := t.Data.([]float64)
	features := len(c.Names)
	if !ok || len(t.Shape) != 2 || t.Shape[0] < 1 || t.Shape[1] != features || len(centers)/features != t.Shape[0] || len(centers)%features != 0 {
		return fmt.Errorf("the centres are no float64 matrix of clusters x %d features", features)
	}
	for at := 0; at < len(centers); at += features {
		c.Centers = append(c.Centers, append([]float64{}, centers[at:at+features]...))
	}
	sizes, ok := s.Tensors["sizes"].Data.([]float64)
	if !ok || len(sizes) != len(c.Centers) || len(s.Tensors["sizes"].Shape) != 1 || s.Tensors["sizes"].Shape[0] != len(sizes) {
		return fmt.Errorf("the sizes are not a float64 for each of %d clusters", len(c.Centers))
	}
	c.Sizes = append([]float64{}, sizes...)
	if t, ok := s.Tensors["tried"]; ok {
		tried, ok := t.Data.([]float64)
		if !ok || len(tried) == 0 || len(t.Shape) != 1 || t.Shape[0] != len(tried) {
			return fmt.Errorf("the silhouettes that were tried are not a list of float64")
		}
		c.Tried = append([]float64{}, tried...)
	}
	for _, v := range append(append(append([]float64{}, centers...), sizes...), c.Tried...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("a centre, a size or a silhouette is %v", v)
		}
	}
	iterations, ok := number(s.Params["iterations"])
	if c.Inertia, _ = number(s.Params["inertia"]); !ok || !(c.Inertia >= 0) || !(iterations >= 0 && iterations < 1<<31) {
		return fmt.Errorf("inertia is %v and iterations %v: want numbers that are not negative", s.Params["inertia"], s.Params["iterations"])
	}
	c.Iterations = int(iterations)
	return nil
}

// number reads a number as it is, or as it comes back from JSON.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// texts reads a list of names as it is, or as it comes back from JSON.
func texts(v any) ([]string, error) {
	switch v := v.(type) {
	case []string:
		if len(v) > 0 {
			return append([]string{}, v...), nil
		}
	case []any:
		var out []string
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, fmt.Errorf("a feature's name is %v, want text", e)
			}
			out = append(out, s)
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("features is %v: want a list of names", v)
}
