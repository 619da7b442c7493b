package recommend

import (
	"reflect"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

func fitted(t testing.TB) *Model {
	t.Helper()
	m, err := ALS{Factors: 3, Iterations: 2}.Fit(t.Context(), tastes(12, 9, 3, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestState(t *testing.T) {
	m := fitted(t)
	back, err := FromState(m.State())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range append(m.Users(), "nobody") {
		want, _ := m.Recommend(u, 4)
		if got, _ := back.Recommend(u, 4); !reflect.DeepEqual(got, want) {
			t.Errorf("user %s gets %v, want %v", u, got, want)
		}
	}
	for name := range m.State().Tensors {
		s := m.State()
		delete(s.Tensors, name)
		if _, err := FromState(s); err == nil {
			t.Errorf("a state without %s is restored", name)
		}
	}
}

// Whatever a state holds it is refused, or its model makes lists.
func FuzzFromState(f *testing.F) {
	s := fitted(f).State()
	users, items := s.Tensors["users"].Data.([]byte), s.Tensors["items"].Data.([]byte)
	starts, seen := s.Tensors["starts"].Data.([]int32), s.Tensors["seen"].Data.([]int32)
	f.Add(users, items, 0, int32(0), 0, int32(1), 3)
	f.Add(users[:7], items, 3, int32(-1), 2, int32(99), 2)
	f.Fuzz(func(t *testing.T, users, items []byte, at int, start int32, place int, item int32, factors int) {
		s := learn.State{Kind: Kind, Params: s.Params, Tensors: map[string]learn.Tensor{}}
		for name, tensor := range fittedTensors(users, items, append([]int32{}, starts...), append([]int32{}, seen...), factors) {
			s.Tensors[name] = tensor
		}
		if v := s.Tensors["starts"].Data.([]int32); at >= 0 && at < len(v) {
			v[at] = start
		}
		if v := s.Tensors["seen"].Data.([]int32); place >= 0 && place < len(v) {
			v[place] = item
		}
		if at%2 == 1 { // the same again, as what came later
			for _, name := range []string{"starts", "seen", "weights"} {
				s.Tensors["later_"+name] = s.Tensors[name]
			}
		}
		m, err := FromState(s)
		if err != nil {
			return
		}
		if _, err := m.Answer(Question{User: m.users[0], After: []Event{{Item: m.items[0]}}}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.Explain(m.users[0], []Event{{Item: m.items[0]}}, m.items[0]); err != nil {
			t.Fatal(err)
		}
		m.Recommend(m.users[0], 3)
		m.Recommend("", 3)
		if _, err := m.RecommendAfter([]Event{{Item: m.items[0]}}, 2); err != nil {
			t.Fatal(err)
		}
	})
}

func fittedTensors(users, items []byte, starts, seen []int32, factors int) map[string]learn.Tensor {
	weights := make([]float64, len(seen))
	for i := range weights {
		weights[i] = 1
	}
	numbers := func(n int) learn.Tensor {
		v := make([]float64, max(0, min(1<<12, n*factors)))
		for i := range v {
			v[i] = float64(i%5) - 2
		}
		return learn.Tensor{Shape: []int{n, factors}, Data: v}
	}
	return map[string]learn.Tensor{
		"users": {Shape: []int{len(users)}, Data: users}, "items": {Shape: []int{len(items)}, Data: items},
		"starts": {Shape: []int{len(starts)}, Data: starts}, "seen": {Shape: []int{len(seen)}, Data: seen},
		"weights":      {Shape: []int{len(seen)}, Data: weights},
		"user_factors": numbers(12), "item_factors": numbers(9),
	}
}
