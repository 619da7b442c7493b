package recommend

import (
	"fmt"
	"math"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/vector"
)

// Kind is the kind of the models' State.
const Kind = "als"

// State is all there is to the model.
func (m *Model) State() learn.State {
	f := m.params.Factors
	floats := func(v []float64, n int) learn.Tensor {
		return learn.Tensor{Shape: []int{n, f}, Data: append([]float64{}, v...)}
	}
	s := learn.State{Kind: Kind,
		Params: map[string]any{"alpha": m.params.Alpha, "l2": m.params.L2},
		Tensors: map[string]learn.Tensor{
			"user_factors": floats(m.user, len(m.users)),
			"item_factors": floats(m.item, len(m.items)),
			"users":        names(m.users),
			"items":        names(m.items),
		}}
	m.seen.write(s, "")
	if m.later.start != nil {
		m.later.write(s, "later_")
	}
	return s
}

// write puts a history into the tensors starts, seen and weights of a state.
func (h *history) write(s learn.State, prefix string) {
	s.Tensors[prefix+"starts"] = learn.Tensor{Shape: []int{len(h.start)}, Data: append([]int32{}, h.start...)}
	s.Tensors[prefix+"seen"] = learn.Tensor{Shape: []int{len(h.others)}, Data: append([]int32{}, h.others...)}
	s.Tensors[prefix+"weights"] = learn.Tensor{Shape: []int{len(h.weight)}, Data: append([]float64{}, h.weight...)}
}

// Outputs is the number of items.
func (m *Model) Outputs() int { return len(m.items) }

// Predict are the scores of all items, in order, for users: their numbers, from
// 0 in the order of Users, are the one column of x. A number that is none gets 0s.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	f := m.params.Factors
	out := make([]float64, x.Rows*len(m.items))
	for r, number := range x.Columns[0] {
		if !(number >= 0 && number < float64(len(m.users))) {
			continue
		}
		user := m.user[int(number)*f:][:f]
		for i := range m.items {
			out[r*len(m.items)+i] = vector.Inner(user, m.item[i*f:][:f])
		}
	}
	return out
}

var _ learn.Model = (*Model)(nil)

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
	if !ok || !also || !(m.params.Alpha > 0) || !(m.params.L2 > 0) || math.IsInf(m.params.Alpha, 0) || math.IsInf(m.params.L2, 0) {
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
	if m.seen, err = m.history(s, ""); err == nil && s.Tensors["later_starts"].Data != nil {
		m.later, err = m.history(s, "later_")
	}
	return err
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

// history reads what users did from the tensors starts, seen and weights.
func (m *Model) history(s learn.State, prefix string) (h history, err error) {
	starts, ok := s.Tensors[prefix+"starts"].Data.([]int32)
	seen, also := s.Tensors[prefix+"seen"].Data.([]int32)
	weights, too := s.Tensors[prefix+"weights"].Data.([]float64)
	if !ok || !also || !too || len(starts) != len(m.users)+1 || starts[0] != 0 || int(starts[len(m.users)]) != len(seen) || len(weights) != len(seen) {
		return h, fmt.Errorf("the tensors %[1]sstarts, %[1]sseen and %[1]sweights are not what %[2]d users did", prefix, len(m.users))
	}
	for u := range m.users {
		if starts[u] > starts[u+1] {
			return h, fmt.Errorf("the %sstarts do not ascend at user %d", prefix, u)
		}
	}
	for u := range m.users { // all starts are within seen now
		own := seen[starts[u]:starts[u+1]]
		for k, i := range own {
			if i < 0 || int(i) >= len(m.items) || k > 0 && own[k-1] >= i {
				return h, fmt.Errorf("item %d of user %d is none of %d, or out of order", i, u, len(m.items))
			}
		}
	}
	for _, w := range weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return h, fmt.Errorf("a weight is %v", w)
		}
	}
	return history{append([]int32{}, starts...), append([]int32{}, seen...), append([]float64{}, weights...)}, nil
}
