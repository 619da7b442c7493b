package table

import (
	"testing"

	"pgregory.net/rapid"
)

// A bitmap against a slice of bools.
func TestBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "n")
		b, want := NewBitmap(n), make([]bool, n)
		if rapid.Bool().Draw(t, "all") {
			b.SetAll(n)
			for i := range want {
				want[i] = true
			}
		}
		for range rapid.IntRange(0, 50).Draw(t, "changes") {
			if n == 0 {
				break
			}
			i := rapid.IntRange(0, n-1).Draw(t, "i")
			if want[i] = rapid.Bool().Draw(t, "set"); want[i] {
				b.Set(i)
			} else {
				b.Clear(i)
			}
		}
		count := 0
		for i, w := range want {
			if b.Get(i) != w {
				t.Fatalf("bit %d is %v", i, !w)
			}
			if w {
				count++
			}
		}
		if got := b.Count(n); got != count {
			t.Fatalf("%d bits, want %d", got, count)
		}
	})
}

func TestBitmapCountsNoMoreThanAsked(t *testing.T) {
	b := NewBitmap(130)
	b.SetAll(130)
	for n := range 131 {
		if got := b.Count(n); got != n {
			t.Errorf("Count(%d) = %d", n, got)
		}
	}
	if b[2] != 3 {
		t.Errorf("SetAll(130) set bits beyond: %b", b[2])
	}
}
