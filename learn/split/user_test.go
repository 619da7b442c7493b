package split_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn/split"
)

// Of every user the items that came last are held back, whole, and never all.
func TestByUser(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(r, "rows")
		users, items := make([]int32, n), make([]int32, n)
		var times []float64
		byTime := rapid.Bool().Draw(r, "by time")
		for i := range n {
			users[i], items[i] = rapid.Int32Range(-1, 4).Draw(r, "user"), rapid.Int32Range(-1, 9).Draw(r, "item")
			if byTime {
				times = append(times, rapid.Float64Range(0, 20).Draw(r, "time"))
			}
		}
		f := split.Fractions{Test: rapid.SampledFrom([]float64{0, 0.2, 0.5}).Draw(r, "test"), Validation: rapid.SampledFrom([]float64{0, 0.1}).Draw(r, "validation")}
		parts, err := split.ByUser(users, items, times, f, 7)
		if err != nil {
			r.Fatal(err)
		}
		first := map[[2]int32]float64{}
		part := map[[2]int32]split.Part{}
		of := map[int32]map[split.Part]int{}
		for i, p := range parts {
			key := [2]int32{users[i], items[i]}
			if users[i] < 0 || items[i] < 0 {
				if p != split.Train {
					r.Fatalf("row %d has no user or no item, and is in %v", i, p)
				}
				continue
			}
			if q, ok := part[key]; ok && q != p {
				r.Fatalf("user %d and item %d are in %v and %v", key[0], key[1], p, q)
			} else if !ok {
				if of[key[0]] == nil {
					of[key[0]] = map[split.Part]int{}
				}
				of[key[0]][p]++
			}
			part[key] = p
			if byTime {
				if at, ok := first[key]; !ok || times[i] < at {
					first[key] = times[i]
				}
			}
		}
		for user, count := range of {
			all := count[split.Train] + count[split.Validation] + count[split.Test]
			if count[split.Train] == 0 || f.Test > 0 && all > 1 && count[split.Test] == 0 || count[split.Test] > 1+int(f.Test*float64(all)) {
				r.Fatalf("user %d has %v", user, count)
			}
		}
		if !byTime {
			return
		}
		for a, p := range part {
			for b, q := range part {
				if a[0] == b[0] && p < q && first[a] > first[b] {
					r.Fatalf("user %d came to item %d (%v) after item %d (%v)", a[0], a[1], p, b[1], q)
				}
			}
		}
	})
}

func TestByUserSeeds(t *testing.T) {
	users, items := make([]int32, 100), make([]int32, 100)
	for i := range items {
		users[i], items[i] = int32(i/10), int32(i%10)
	}
	f := split.Fractions{Test: 0.2}
	var all [3][]split.Part
	for i, seed := range []uint64{1, 1, 2} {
		var err error
		if all[i], err = split.ByUser(users, items, nil, f, seed); err != nil {
			t.Fatal(err)
		}
		if n := len(split.Rows(all[i], split.Test)); n != 20 {
			t.Errorf("%d rows to test with, want 2 of each user's 10", n)
		}
	}
	if !slices.Equal(all[0], all[1]) || slices.Equal(all[0], all[2]) {
		t.Error("the same seed gives other parts, or another seed the same")
	}
	for _, c := range []struct {
		users, items []int32
		f            split.Fractions
		want         string
	}{{users, items, split.Fractions{Test: 1}, "leave nothing"}, {nil, nil, f, "no rows"}} {
		if _, err := split.ByUser(c.users, c.items, nil, c.f, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func ExampleByUser() {
	users, items := []int32{0, 0, 0, 1, 1}, []int32{5, 6, 5, 6, 7}
	parts, err := split.ByUser(users, items, []float64{30, 20, 10, 2, 1}, split.Fractions{Test: 0.2}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(split.Rows(parts, split.Test))
	// Output: [1 3]
}
