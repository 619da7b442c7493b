package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Random requests to sequences and records, through stores that remember
// and one that forgot, give what maps give.
func TestAgainstMaps(t *testing.T) {
	dir := location(t)
	stores := []*Store{openStore(t, dir, nil), openStore(t, dir, nil)}
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		round++
		sequences := map[string][]int{}
		records := map[string]int{}
		key := func(t *rapid.T) string {
			return Key(fmt.Sprint(round), rapid.SampledFrom([]string{"a", "A", "a/b", "é", ".."}).Draw(t, "key"))
		}
		pick := func(t *rapid.T) *Store {
			i := rapid.IntRange(0, 2).Draw(t, "store")
			if i < 2 {
				return stores[i]
			}
			stores[0].latest = latestCache{}
			return stores[0]
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				k := key(t)
				have := len(sequences[k])
				expect := have
				if rapid.IntRange(0, 2).Draw(t, "stale") == 0 {
					expect = rapid.IntRange(-1, have+3).Draw(t, "expect")
				}
				v := rapid.Int().Draw(t, "value")
				seq, err := pick(t).Append(ctx, k, expect, v)
				if expect != have {
					if !errors.Is(err, ErrConflict) {
						t.Fatalf("after %d of %d: %d, %v", expect, have, seq, err)
					}
					return
				}
				if err != nil || seq != have+1 {
					t.Fatalf("after %d: %d, %v", have, seq, err)
				}
				sequences[k] = append(sequences[k], v)
			},
			"create": func(t *rapid.T) {
				k, v := key(t), rapid.Int().Draw(t, "value")
				err := pick(t).Create(ctx, k, v)
				if _, ok := records[k]; ok != errors.Is(err, ErrExists) || !ok && err != nil {
					t.Fatal(err)
				} else if !ok {
					records[k] = v
				}
			},
			"delete": func(t *rapid.T) {
				k := key(t)
				err := pick(t).Delete(ctx, k)
				if _, ok := records[k]; ok != (err == nil) || !ok && !errors.Is(err, ErrNotFound) {
					t.Fatal(err)
				}
				delete(records, k)
			},
			"": func(t *rapid.T) {
				s := pick(t)
				k := key(t)
				var last int
				seq, err := s.Latest(ctx, k, &last)
				want := sequences[k]
				if seq != len(want) || (err != nil) != (seq == 0) || seq > 0 && last != want[seq-1] {
					t.Fatalf("latest: %d is %d, %v; want %v", seq, last, err, want)
				}
				var all []int
				for e, err := range s.History(ctx, k, 0) {
					var v int
					if err := errors.Join(err, e.Decode(&v)); err != nil {
						t.Fatal(err)
					}
					all = append(all, v)
				}
				if !slices.Equal(all, want) {
					t.Fatalf("history: %v; want %v", all, want)
				}
				var keys, names []string
				for k, err := range s.List(ctx, fmt.Sprint(round, "/")) {
					if err != nil {
						t.Fatal(err)
					}
					var v int
					if err := s.Get(ctx, k, &v); err != nil || v != records[k] {
						t.Fatalf("%q is %d, %v; want %d", k, v, err, records[k])
					}
					keys = append(keys, k)
				}
				if len(keys) != len(records) || !slices.IsSorted(keys) {
					t.Fatalf("keys: %q; want %v", keys, records)
				}
				for name, err := range s.Sequences(ctx, fmt.Sprint(round)) {
					if err != nil || len(sequences[fmt.Sprint(round, "/", name)]) == 0 {
						t.Fatalf("the sequence %q, %v", name, err)
					}
					names = append(names, name)
				}
				if len(names) != len(sequences) {
					t.Fatalf("sequences: %q; want %v", names, sequences)
				}
			},
		})
	})
}

// Latest finds its way to the end from anywhere.
func TestLatestCold(t *testing.T) {
	s := openStore(t, "mem://", nil)
	for n := 1; n <= 130; n++ {
		if _, err := s.Append(t.Context(), "s", n-1, n); err != nil {
			t.Fatal(err)
		}
		for _, seen := range []int{0, n / 2, n - 1, n} {
			s.latest = latestCache{}
			s.latest.raise("s", seen)
			var v int
			if got, err := s.Latest(t.Context(), "s", &v); err != nil || got != n || v != n {
				t.Fatalf("from %d: %d is %d, %v; want %d", seen, got, v, err, n)
			}
		}
	}
}

// Keys sort as the texts do when each is a directory.
func TestFlat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a-./0b"))))
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		if got := unflat(flat(a)); got != a {
			t.Fatalf("%q becomes %q", a, got)
		}
		if (a < b) != (flat(a)+"/" < flat(b)+"/") {
			t.Fatalf("%q and %q sort otherwise as %q and %q", a, b, flat(a), flat(b))
		}
	})
}

// FuzzKey checks that Key is reversed by Parts and makes keys that are taken.
func FuzzKey(f *testing.F) {
	f.Add("a", "b/c")
	f.Add("", "..")
	f.Add("%", "\xff\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		key := Key(a, b)
		if err := checkKey(key); err != nil {
			t.Fatal(err)
		}
		if got := Parts(key); !slices.Equal(got, []string{a, b}) {
			t.Fatalf("%q, %q become %q", a, b, got)
		}
	})
}
