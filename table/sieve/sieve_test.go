package sieve

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// shown are n hashes of which every tenth occurs again, some of these often.
func shown(n int) []uint64 {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]uint64, 0, n)
	for len(out) < n {
		h := random.Uint64()
		out = append(out, h)
		if len(out)%10 == 0 {
			out = append(out, h)
		}
		if len(out)%1000 < 2 {
			out = append(out, slices.Repeat([]uint64{h}, 30)...)
		}
	}
	random.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:n]
}

func TestAgain(t *testing.T) {
	if New(exact).bits != nil || New(exact+1).bits == nil {
		t.Error("few are sifted, or many are not")
	}
	for i, n := range []int{0, 1, 1000, 100_000, 0, 1, 1000, 100_000} {
		s, want := New(n), map[uint64]int64{}
		if i >= 4 {
			s = Sifting(n)
		}
		for _, h := range shown(n) {
			s.Add(h)
			want[h]++
		}
		hashes, times := s.Again()
		if (times == nil) != (i >= 4) {
			t.Fatalf("%d hashes: times are %v", n, times != nil)
		}
		if !slices.IsSorted(hashes) || len(slices.Compact(slices.Clone(hashes))) != len(hashes) {
			t.Fatalf("%d hashes: not ascending, or with repeats", n)
		}
		once := 0
		for i, h := range hashes {
			if times != nil && times[i] != want[h] {
				t.Fatalf("%d hashes: %d occurs %d times, want %d", n, h, times[i], want[h])
			}
			if want[h] == 1 {
				once++
			}
			delete(want, h)
		}
		for h, times := range want {
			if times > 1 {
				t.Fatalf("%d hashes: %d, which occurs %d times, is missing", n, h, times)
			}
		}
		if times != nil && once > 0 || once > n/room {
			t.Errorf("%d hashes: %d that occur once are returned", n, once)
		}
	}
}
