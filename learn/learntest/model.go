package learntest

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// modelChecks are about fitted models.
var modelChecks = []check{
	{"rows alone", rowsAlone},
	{"state", stateRoundTrip},
	{"damaged state", damagedState},
	{"concurrent use", concurrentUse},
}

// rowsAlone: a row is predicted the same, bit by bit, alone or among others.
func rowsAlone(t *testing.T, s suite) {
	x, y := Data(s.task, 3000, 30)
	m := s.fit(t, x, y, nil)
	p, n := predict(t, m, x, s.task), m.Outputs()
	for _, i := range []int{0, 1, 63, 64, 1500, 2999} {
		sameBits(t, "a row alone", p[i*n:(i+1)*n], m.Predict(x.Take([]int{i})))
	}
	if got := m.Predict(x.Take(nil)); len(got) != 0 {
		t.Errorf("%d predicted values for no rows", len(got))
	}
}

func stateRoundTrip(t *testing.T, s suite) {
	x, y := Data(s.task, 300, 31)
	m := s.fit(t, x, y, nil)
	state := m.State()
	if state.Kind == "" || len(state.Tensors) == 0 {
		t.Fatalf("the state has kind %q and %d tensors", state.Kind, len(state.Tensors))
	}
	for name, tensor := range state.Tensors {
		size := 1
		for _, n := range tensor.Shape {
			size *= n
		}
		switch tensor.Data.(type) {
		case []float64, []float32, []int64, []int32, []uint16, []uint8:
		default:
			t.Fatalf("tensor %q is a %T, which a State does not hold", name, tensor.Data)
		}
		if n := reflect.ValueOf(tensor.Data).Len(); n != size {
			t.Fatalf("tensor %q has shape %v and %d values", name, tensor.Shape, n)
		}
	}
	back, err := s.Restore(throughJSON(t, state))
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	if back.Outputs() != m.Outputs() {
		t.Fatalf("%d outputs once restored, want %d", back.Outputs(), m.Outputs())
	}
	sameBits(t, "restored", m.Predict(x), back.Predict(x))
	sameState(t, state, back.State())
}

// damagedState: what is not whole is refused, and nothing panics.
func damagedState(t *testing.T, s suite) {
	x, y := Data(s.task, 100, 32)
	state := s.fit(t, x, y, nil).State()
	refused := func(what string, damage func(*learn.State)) {
		t.Helper()
		bad := throughJSON(t, state)
		damage(&bad)
		if _, err := s.Restore(bad); err == nil {
			t.Errorf("a state with %s is restored without an error", what)
		}
	}
	refused("another kind", func(b *learn.State) { b.Kind = "no such kind" })
	refused("no tensors", func(b *learn.State) { b.Tensors = nil })
	for name, tensor := range state.Tensors {
		replace := func(with learn.Tensor) func(*learn.State) {
			return func(b *learn.State) { b.Tensors[name] = with }
		}
		data := reflect.ValueOf(tensor.Data)
		if !slices.Contains(s.Optional, name) {
			refused("no "+name, func(b *learn.State) { delete(b.Tensors, name) })
		}
		refused("nil as "+name, replace(learn.Tensor{Shape: tensor.Shape}))
		refused("text as "+name, replace(learn.Tensor{Shape: tensor.Shape, Data: "text"}))
		if data.Len() > 0 {
			refused(name+" cut short", replace(learn.Tensor{Shape: tensor.Shape, Data: data.Slice(0, data.Len()-1).Interface()}))
		}
		if values, ok := tensor.Data.([]float64); ok && len(values) > 0 {
			values = append([]float64{}, values...)
			values[len(values)/2] = math.NaN()
			refused("NaN in "+name, replace(learn.Tensor{Shape: tensor.Shape, Data: values}))
		}
	}
	for name := range state.Params {
		bad := throughJSON(t, state)
		bad.Params[name] = map[string]any{"what": "is this"}
		if m, err := s.Restore(bad); err == nil {
			m.Predict(x) // not needed, perhaps: but no panic
		}
	}
}

func concurrentUse(t *testing.T, s suite) {
	x, y := Data(s.task, 500, 33)
	m := s.fit(t, x, y, nil)
	want := m.Predict(x)
	var all sync.WaitGroup
	got := make([][]float64, 8)
	for i := range got {
		all.Go(func() {
			got[i] = m.Predict(x)
			m.State()
		})
	}
	all.Wait()
	for _, p := range got {
		sameBits(t, "predicted at once", want, p)
	}
}

// sameState fails the test unless the states agree bit by bit.
func sameState(t failer, a, b learn.State) {
	t.Helper()
	pa, errA := json.Marshal(a)
	pb, errB := json.Marshal(b)
	if errA != nil || errB != nil || string(pa) != string(pb) {
		t.Fatalf("the states differ:\n%s %v\n%s %v", pa, errA, pb, errB)
	}
	if len(a.Tensors) != len(b.Tensors) {
		t.Fatalf("%d tensors and %d", len(a.Tensors), len(b.Tensors))
	}
	for name, ta := range a.Tensors {
		tb := b.Tensors[name]
		if !reflect.DeepEqual(ta.Shape, tb.Shape) {
			t.Fatalf("tensor %q has shapes %v and %v", name, ta.Shape, tb.Shape)
		}
		if fa, ok := ta.Data.([]float64); ok {
			fb, _ := tb.Data.([]float64)
			sameBits(t, "tensor "+name, fa, fb)
			continue
		}
		if !reflect.DeepEqual(ta.Data, tb.Data) {
			t.Fatalf("tensor %q differs", name)
		}
	}
}
