package preprocess

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// standard makes columns of numbers comparable: each less its mean, in its
// standard deviations.
type standard struct {
	Names  []string  `json:"columns"`
	Center []float64 `json:"center"`
	Scale  []float64 `json:"scale"`
}

// fit takes the named columns, or all that are numbers; unscaled ones are only
// centred.
func (s *standard) fit(t *table.Table, names []string, unscaled bool) error {
	columns, err := pick(t, names, "numbers", func(c *table.Column) bool {
		return numeric(c) || len(names) > 0 && numberLike(c)
	})
	if err != nil {
		return err
	}
	s.Names = columnNames(columns)
	for _, c := range columns {
		center, scale := spread(c.Numbers(), "standard")
		if math.IsInf(center, 0) || math.IsNaN(center) || math.IsInf(scale, 0) {
			return fmt.Errorf("the numbers of column %q are too large: cap it first", c.Name)
		}
		if unscaled {
			scale = 1
		}
		s.Center, s.Scale = append(s.Center, center), append(s.Scale, scale)
	}
	return nil
}

// matrix is the columns made comparable; what is no finite number is the mean.
func (s *standard) matrix(t *table.Table) (*learn.Matrix, error) {
	x, err := Matrix(t, append([]string{}, s.Names...)) // none where there are none
	if err != nil {
		return nil, err
	}
	for j, col := range x.Columns {
		z := make([]float64, len(col))
		for i, v := range col {
			if v == v && !math.IsInf(v, 0) {
				z[i] = (v - s.Center[j]) / s.Scale[j]
			}
		}
		x.Columns[j] = z
	}
	return x, nil
}

func (s *standard) check() error {
	if len(s.Center) != len(s.Names) || len(s.Scale) != len(s.Names) {
		return fmt.Errorf("%d columns, %d centres and %d scales: want as many", len(s.Names), len(s.Center), len(s.Scale))
	}
	for j, v := range s.Scale {
		if v == 0 {
			return fmt.Errorf("column %q: a scale of 0", s.Names[j])
		}
	}
	return distinct(s.Names)
}
