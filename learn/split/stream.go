package split

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// A Stream divides rows one by one, for files larger than memory: it gives what
// [Stratified] gives for the same rows in the same order, and needs only the
// number of rows of each class beforehand. It is selection sampling (Knuth, The
// Art of Computer Programming, volume 2, 3.4.2, Algorithm S) with three parts
// instead of two: a row of a class goes to a part with the chance
// rows that the part still needs / rows of the class still to come,
// which makes the sizes exact and every division equally likely.
type Stream struct {
	classes []classStream
	names   []string
}

type classStream struct {
	random *rand.Rand // of its own, so that other classes' rows change nothing
	need   [3]int     // rows still wanted, by Part
}

// NewStream plans the division of rows of the given counts, one a class. One
// class is a plain random split.
func NewStream(counts []int, classes []string, f Fractions, seed uint64) (s *Stream, notes []string, err error) {
	if len(counts) != len(classes) {
		return nil, nil, fmt.Errorf("split: %d counts for %d classes", len(counts), len(classes))
	}
	total := 0
	for k, c := range counts {
		if c < 0 {
			return nil, nil, fmt.Errorf("split: class %q has a count of %d rows", classes[k], c)
		}
		total += c
	}
	n, err := f.counts(total)
	if err != nil {
		return nil, nil, err
	}
	left := slices.Clone(counts)
	test := allocate(left, n[Test])
	validation := allocate(left, n[Validation])

	s = &Stream{classes: make([]classStream, len(counts)), names: classes}
	for k := range s.classes {
		s.classes[k] = classStream{
			random: rand.New(rand.NewPCG(seed, uint64(k))),
			need:   [3]int{Train: left[k], Validation: validation[k], Test: test[k]},
		}
		name := fmt.Sprintf("class %q has", classes[k])
		if len(classes) == 1 {
			name = "there is"
		}
		switch {
		case counts[k] == 1:
			notes = append(notes, name+" one row, which is used for training")
		case counts[k] > 0 && n[Test] > 0 && test[k] == 0:
			notes = append(notes, fmt.Sprintf("%s %d rows, too few for one in the test part", name, counts[k]))
		}
	}
	return s, notes, nil
}

// allocate takes n rows from the classes in proportion to their counts, by the
// largest remainder, the larger class among equals; a class keeps one row at least.
func allocate(counts []int, n int) []int {
	total := 0
	for _, c := range counts {
		total += c
	}
	take := make([]int, len(counts))
	if total == 0 {
		return take
	}
	order := make([]int, len(counts))
	remainder := make([]float64, len(counts))
	left := n
	for k, c := range counts {
		quota := float64(c) * float64(n) / float64(total)
		take[k] = min(int(quota), max(c-1, 0))
		remainder[k] = quota - float64(int(quota))
		order[k] = k
		left -= take[k]
	}
	sorting.Stable(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(remainder[b], remainder[a]), cmp.Compare(counts[b], counts[a]))
	})
	for left > 0 {
		before := left
		for _, k := range order {
			if left > 0 && take[k] < counts[k]-1 {
				take[k]++
				left--
			}
		}
		if left == before {
			break // every class is down to its last row
		}
	}
	for k := range counts {
		counts[k] -= take[k]
	}
	return take
}

// Next is the part of the next row, which is of the given class. It fails when
// the class has more rows than were counted.
func (s *Stream) Next(class int32) (Part, error) {
	if class < 0 || int(class) >= len(s.classes) {
		return Train, fmt.Errorf("split: label %d is none of the %d classes", class, len(s.classes))
	}
	c := &s.classes[class]
	left := c.need[Train] + c.need[Validation] + c.need[Test]
	if left == 0 {
		return Train, fmt.Errorf("split: class %q has more rows than were counted: count the rows of the same file", s.names[class])
	}
	at := c.random.IntN(left)
	for p := Test; p > Train; p-- {
		if at < c.need[p] {
			c.need[p]--
			return p, nil
		}
		at -= c.need[p]
	}
	c.need[Train]--
	return Train, nil
}
