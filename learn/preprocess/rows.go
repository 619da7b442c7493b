package preprocess

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/table"
)

// The functions of this file choose rows or columns of the training data. They
// are no part of a graph: a model in use answers for every row that it is given.

// Duplicates returns the rows that are left when each row that equals an
// earlier one in all columns is taken out, as pandas' drop_duplicates. Two
// missing values are equal. It holds 16 bytes a row and compares rows in full
// where their hashes agree.
func Duplicates(t *table.Table) (kept []int) {
	n := t.Rows()
	hashes := rowHashes(t)
	first := make(map[uint64]int32, n) // hash -> last distinct row of that hash
	previous := map[int32]int32{}      // distinct row -> the one before it of the same hash
	kept = make([]int, 0, n)
	for i := range n {
		at, ok := first[hashes[i]]
		duplicate := false
		for j, more := at, ok; more && !duplicate; {
			duplicate = sameRow(t, int(j), i)
			j, more = previous[j]
		}
		if duplicate {
			continue
		}
		if ok {
			previous[int32(i)] = at
		}
		first[hashes[i]] = int32(i)
		kept = append(kept, i)
	}
	return kept
}

// rowHashes hashes every row, a block of rows on a goroutine and a column at a time.
func rowHashes(t *table.Table) []uint64 {
	n := t.Rows()
	dicts := make([][]uint64, len(t.Columns))
	seed := maphash.MakeSeed()
	// All begin with a number that nobody knows: rows cannot be made up to collide.
	hashes := slices.Repeat([]uint64{maphash.Comparable(seed, 0)}, n)
	for j, c := range t.Columns {
		if c.Kind == table.String {
			dicts[j] = make([]uint64, len(c.Dict))
			for k, text := range c.Dict {
				dicts[j][k] = maphash.String(seed, text)
			}
		}
	}
	const block = 1 << 13
	_ = each((n+block-1)/block, workers(n*len(t.Columns)), func(b int) error {
		lo, hi := b*block, min((b+1)*block, n)
		for j, c := range t.Columns {
			for i := lo; i < hi; i++ {
				hashes[i] = mix(hashes[i] ^ cell(c, i, dicts[j]))
			}
		}
		return nil
	})
	return hashes
}

func cell(c *table.Column, i int, dict []uint64) uint64 {
	if c.Missing(i) {
		return 0x9e3779b97f4a7c15
	}
	switch c.Kind {
	case table.Float64:
		return math.Float64bits(c.Floats[i] + 0) // -0 equals 0
	case table.Bool:
		if c.Bools[i] {
			return 1
		}
		return 0
	case table.String:
		return dict[c.Codes[i]]
	}
	return uint64(c.Ints[i])
}

// mix is the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func sameRow(t *table.Table, i, j int) bool {
	for _, c := range t.Columns {
		if c.Missing(i) != c.Missing(j) {
			return false
		}
		if c.Missing(i) {
			continue
		}
		var same bool
		switch c.Kind {
		case table.Float64:
			same = c.Floats[i] == c.Floats[j]
		case table.Bool:
			same = c.Bools[i] == c.Bools[j]
		case table.String:
			same = c.Codes[i] == c.Codes[j] || c.Dict[c.Codes[i]] == c.Dict[c.Codes[j]]
		default:
			same = c.Ints[i] == c.Ints[j]
		}
		if !same {
			return false
		}
	}
	return true
}

// Complete returns the rows that have a value in each of the named columns; no
// names means all columns. It is pandas' dropna.
func Complete(t *table.Table, columns ...string) (kept []int, err error) {
	chosen, err := pick(t, columns, "a column", func(*table.Column) bool { return true })
	if err != nil {
		return nil, err
	}
	kept = make([]int, 0, t.Rows())
	for i := range t.Rows() {
		if !slices.ContainsFunc(chosen, func(c *table.Column) bool { return c.Missing(i) }) {
			kept = append(kept, i)
		}
	}
	return kept, nil
}

// Inliers returns the rows whose numbers all lie within factor interquartile
// ranges of the quartiles of their column (Tukey's fences; factor 0 means 1.5).
// Missing values count as inliers. No names means all numeric columns with more
// than two distinct values.
func Inliers(t *table.Table, factor float64, columns ...string) (kept []int, err error) {
	f, err := FitFences(t, factor, columns...)
	if err != nil {
		return nil, err
	}
	return f.Inliers(t), nil
}

// Fences are Tukey's fences of columns of numbers, by name: least and greatest.
type Fences map[string][2]float64

// FitFences finds the fences that [Inliers] goes by, to apply them to other rows.
func FitFences(t *table.Table, factor float64, columns ...string) (Fences, error) {
	if factor = or(factor, 1.5); !(factor > 0) {
		return nil, fmt.Errorf("factor is %v: want a number above 0", factor)
	}
	chosen, err := pick(t, columns, "numbers", func(c *table.Column) bool {
		return numeric(c) && (len(columns) > 0 || manyValued(c))
	})
	if err != nil {
		return nil, err
	}
	f := make(Fences, len(chosen))
	for _, c := range chosen {
		lo, hi := fences(c.Numbers(), factor)
		f[c.Name] = [2]float64{lo, hi}
	}
	return f, nil
}

// Inliers returns the rows of t, which has the columns of the fences, whose
// numbers all lie within them.
func (f Fences) Inliers(t *table.Table) (kept []int) {
	out := make([]bool, t.Rows())
	for _, c := range t.Columns {
		fence, ok := f[c.Name]
		if !ok {
			continue
		}
		for i, x := range c.Numbers() {
			out[i] = out[i] || x < fence[0] || x > fence[1]
		}
	}
	for i, o := range out {
		if !o {
			kept = append(kept, i)
		}
	}
	return kept
}

// fences are Tukey's fences of the finite values of v.
func fences(v []float64, factor float64) (lo, hi float64) {
	present := finite(v)
	if len(present) == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	q := quantiles(present, .25, .75)
	reach := float64(factor * (q[1] - q[0]))
	return q[0] - reach, q[1] + reach
}

// manyValued reports whether a column of numbers has more than two distinct
// values: a flag of 0 and 1 has no outliers, however rare one of them is.
func manyValued(c *table.Column) bool {
	var seen [2]float64
	n := 0
	for i := range c.Len() {
		if c.Missing(i) {
			continue
		}
		v := 0.0
		if c.Kind == table.Float64 {
			v = c.Floats[i]
		} else {
			v = float64(c.Ints[i])
		}
		if n > 0 && v == seen[0] || n > 1 && v == seen[1] {
			continue
		}
		if n == 2 {
			return true
		}
		seen[n] = v
		n++
	}
	return false
}
