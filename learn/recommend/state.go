package recommend

import (
	"fmt"
	"math"
	"strings"

	"github.com/runnel-dev/runnel/learn"
)

// Kind is the kind of the models' State.
const Kind = "als"

// State is all there is to the model.
func (m *Model) State() learn.State {
	f := m.params.Factors
	floats := func(v []float64, n int) learn.Tensor {
		return learn.Tensor{Shape: []int{n, f}, Data: append([]float64{}, v...)}
	}
	return learn.State{Kind: Kind,
		Params: map[string]any{"alpha": m.params.Alpha, "l2": m.params.L2},
		Tensors: map[string]learn.Tensor{
			"user_factors": floats(m.user, len(m.users)),
			"item_factors": floats(m.item, len(m.items)),
			"users":        names(m.users),
			"items":        names(m.items),
			"starts":       {Shape: []int{len(m.seen.start)}, Data: append([]int32{}, m.seen.start...)},
			"seen":         {Shape: []int{len(m.seen.others)}, Data: append([]int32{}, m.seen.others...)},
			"weights":      {Shape: []int{len(m.seen.weight)}, Data: append([]float64{}, m.seen.weight...)},
		}}
}

// names are texts one after the other, each with its length before it.
func names(list []string) learn.Tensor {
	var b []byte
	for _, s := range list {
		n := len(s)
		b = append(append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24)), s...)
	}
	return learn.Tensor{Shape: []int{len(b)}, Data: b}
}

// FromState restores a model, and refuses a state that Fit cannot have made.
func FromState(s learn.State) (*Model, error) {
	m := &Model{}
	if err := m.read(s); err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	m.index()
	return m, nil
}

func (m *Model) read(s learn.State) (err error) {
	if s.Kind != Kind {
		return fmt.Errorf("a state of kind %q, want %q", s.Kind, Kind)
	}
	var ok, also bool
	m.params.Alpha, ok = s.Params["alpha"].(float64)
	m.params.L2, also = s.Params["l2"].(float64)
	if !ok || !also || !(m.params.Alpha > 0) || !(m.params.L2 > 0) {
		return fmt.Errorf("alpha is %v and l2 %v: want positive numbers", s.Params["alpha"], s.Params["l2"])
	}
	m.params = m.params.withDefaults()
	if m.users, err = readNames(s, "users"); err != nil {
		return err
	}
	if m.items, err = readNames(s, "items"); err != nil {
		return err
	}
	m.params.Factors = 0
	if m.user, err = m.factors(s, "user_factors", len(m.users)); err != nil {
		return err
	}
	if m.item, err = m.factors(s, "item_factors", len(m.items)); err != nil {
		return err
	}
	return m.readSeen(s)
}

func readNames(s learn.State, tensor string) (out []string, err error) {
	t := s.Tensors[tensor]
	b, ok := t.Data.([]byte)
	if !ok || len(t.Shape) != 1 || t.Shape[0] != len(b) {
		return nil, fmt.Errorf("the tensor %s is no list of bytes", tensor)
	}
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, fmt.Errorf("the tensor %s is cut short", tensor)
		}
		n := int(b[0]) | int(b[1])<<8 | int(b[2])<<16 | int(b[3])<<24
		if n < 0 || n > len(b)-4 {
			return nil, fmt.Errorf("the tensor %s is cut short", tensor)
		}
		name := string(b[4 : 4+n])
		if len(out) > 0 && strings.Compare(out[len(out)-1], name) >= 0 {
			return nil, fmt.Errorf("the names of the tensor %s do not ascend at %q", tensor, name)
		}
		out, b = append(out, name), b[4+n:]
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the tensor %s has no names", tensor)
	}
	return out, nil
}

func (m *Model) factors(s learn.State, name string, n int) ([]float64, error) {
	t := s.Tensors[name]
	v, ok := t.Data.([]float64)
	if !ok || len(t.Shape) != 2 || t.Shape[0] != n || len(v)%n != 0 || len(v)/n != t.Shape[1] || t.Shape[1] < 1 || t.Shape[1] > 1000 ||
		m.params.Factors != 0 && t.Shape[1] != m.params.Factors {
		return nil, fmt.Errorf("the tensor %s is no matrix of float64 with a row for each of %d", name, n)
	}
	for _, x := range v {
		if !(math.Abs(x) < 1e100) {
			return nil, fmt.Errorf("a number of the tensor %s is %v", name, x)
		}
	}
	m.params.Factors = t.Shape[1]
	return append([]float64{}, v...), nil
}

func (m *Model) readSeen(s learn.State) error {
	starts, ok := s.Tensors["starts"].Data.([]int32)
	seen, also := s.Tensors["seen"].Data.([]int32)
	weights, too := s.Tensors["weights"].Data.([]float64)
	if !ok || !also || !too || len(starts) != len(m.users)+1 || starts[0] != 0 || int(starts[len(m.users)]) != len(seen) || len(weights) != len(seen) {
		return fmt.Errorf("the tensors starts, seen and weights are not what %d users did", len(m.users))
	}
	for u := range m.users {
		if starts[u] > starts[u+1] {
			return fmt.Errorf("the starts do not ascend at user %d", u)
		}
	}
	for u := range m.users { // all starts are within seen now
		own := seen[starts[u]:starts[u+1]]
		for k, i := range own {
			if i < 0 || int(i) >= len(m.items) || k > 0 && own[k-1] >= i {
				return fmt.Errorf("item %d of user %d is none of %d, or out of order", i, u, len(m.items))
			}
		}
	}
	for _, w := range weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return fmt.Errorf("a weight is %v", w)
		}
	}
	m.seen = history{append([]int32{}, starts...), append([]int32{}, seen...), append([]float64{}, weights...)}
	return nil
}
