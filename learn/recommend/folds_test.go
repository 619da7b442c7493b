package recommend

import (
	"reflect"
	"testing"
)

// Every item of a user is judged by in one round, and trained on in the others;
// one that is alone never is judged by.
func TestFolds(t *testing.T) {
	events := append(tastes(40, 60, 4, 3), Event{User: "one", Item: "i1"}, Event{User: "one", Item: "i1"})
	folds := Folds(events, 4, 9)
	if !reflect.DeepEqual(folds, Folds(events, 4, 9)) || reflect.DeepEqual(folds, Folds(events, 4, 10)) {
		t.Error("the same seed gives other folds, or another seed the same")
	}
	tested := map[[2]string]int{}
	for k, f := range folds {
		if len(f.Train)+len(f.Test) != len(events) {
			t.Fatalf("fold %d has %d and %d of %d events", k, len(f.Train), len(f.Test), len(events))
		}
		in := map[[2]string]bool{}
		for _, e := range f.Train {
			in[[2]string{e.User, e.Item}] = true
		}
		here := map[[2]string]bool{}
		for _, e := range f.Test {
			key := [2]string{e.User, e.Item}
			if in[key] || e.User == "one" {
				t.Fatalf("fold %d trains on %v and judges by it", k, key)
			}
			here[key] = true
		}
		for key := range here {
			tested[key]++
		}
	}
	for _, e := range events {
		if n := tested[[2]string{e.User, e.Item}]; e.User != "one" && n != 1 {
			t.Fatalf("%v is judged by in %d rounds", e, n)
		}
	}
}

func TestDefaultFactors(t *testing.T) {
	for _, c := range []struct{ users, items, want int }{{10, 10, 8}, {1000, 200, 25}, {160, 900, 20}, {4000, 4000, 64}} {
		var events []Event
		for i := range max(c.users, c.items) {
			events = append(events, Event{User: string(rune('a' + i%c.users)), Item: string(rune('a' + i%c.items))})
		}
		if got := DefaultFactors(events); got != c.want {
			t.Errorf("%d factors of %d users and %d items, want %d", got, c.users, c.items, c.want)
		}
	}
}
