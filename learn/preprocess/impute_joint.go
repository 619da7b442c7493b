package preprocess

import "github.com/runnel-dev/runnel/table"

// fillJoint returns, at the places of the joint columns, their numbers with the
// missing filled.
func (f *imputer) fillJoint(t *table.Table) ([][]float64, error) {
	width, n := len(f.Joint), t.Rows()
	cur := cursor{t: t}
	x := make([][]float64, width)
	fills := make([]float64, width)
	for j, name := range f.Joint {
		i, err := cur.find(name)
		if err != nil {
			return nil, err
		}
		v, err := numbersOf(t.Columns[i])
		if err != nil {
			return nil, err
		}
		if t.Columns[i].Valid != nil {
			v = append([]float64(nil), v...)
		}
		x[j], fills[j] = v, f.Columns[f.at[name]].Number
	}
	var incomplete []int
	for i := range n {
		for _, v := range x {
			if v[i] != v[i] {
				incomplete = append(incomplete, i)
				break
			}
		}
	}
	const chunk = 64
	chunks := (len(incomplete) + chunk - 1) / chunk
	work := len(incomplete) * width
	if f.donors != nil {
		work *= f.donors.rows
	}
	err := each(chunks, workers(work), func(k int) error {
		row := make([]float64, width)
		near := f.newNeighbors()
		for _, i := range incomplete[k*chunk : min((k+1)*chunk, len(incomplete))] {
			for j, v := range x {
				row[j] = v[i]
			}
			if f.donors != nil {
				near.fill(row, fills)
			} else {
				f.fillByRounds(row, fills)
			}
			for j, v := range x {
				if v[i] != v[i] {
					v[i] = row[j]
				}
			}
		}
		return nil
	})
	out := make([][]float64, len(f.Columns))
	for j, name := range f.Joint {
		out[f.at[name]] = x[j]
	}
	return out, err
}
