package calibrate

import (
	"errors"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/combine"
)

// described is the readable part of a model.
type described struct {
	Method string           `json:"method"`
	Maps   string           `json:"maps,omitempty"` // log_odds or probability; blank in states of before, where a sigmoid was of log-odds always
	Clip   float64          `json:"clip"`
	Curves []curveDescribed `json:"curves"`
	Of     learn.State      `json:"of"`
}

type curveDescribed struct {
	Absent   bool      `json:"absent,omitempty"`
	Sigmoid  *Sigmoid  `json:"sigmoid,omitempty"`
	Isotonic *Isotonic `json:"isotonic,omitempty"`
}

// State implements learn.Model. The arrays are those of the model within.
func (m *Model) State() learn.State {
	d := described{Method: m.method, Maps: m.maps, Clip: m.clip, Of: m.of.State()}
	for _, c := range m.curves {
		one := curveDescribed{Absent: c.absent}
		switch {
		case c.absent:
		case m.method == Platt:
			one.Sigmoid = &c.sigmoid
		default:
			one.Isotonic = &c.isotonic
		}
		d.Curves = append(d.Curves, one)
	}
	s := learn.State{Kind: Kind, Tensors: d.Of.Tensors}
	b, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(b, &s.Params)
	}
	if err != nil {
		panic(fmt.Sprintf("calibrate: the model within: %v", err)) // whose state is not JSON
	}
	return s
}

// FromState restores a model of a number of features, the one within by restore.
func FromState(s learn.State, features int, restore combine.Restore) (learn.Model, error) {
	m, err := fromState(s, features, restore)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Kind, err)
	}
	return m, nil
}

func fromState(s learn.State, features int, restore combine.Restore) (*Model, error) {
	b, err := json.Marshal(s.Params)
	if err != nil {
		return nil, err
	}
	var d described
	if err := json.Strict(b, &d); err != nil {
		return nil, err
	}
	if s.Kind != Kind || d.Method != Platt && d.Method != Stepwise || !(d.Clip > 0 && d.Clip <= 0.5) {
		return nil, fmt.Errorf("a state of kind %q with the method %q and the clip %v", s.Kind, d.Method, d.Clip)
	}
	if d.Maps == "" {
		d.Maps = map[string]string{Platt: LogOdds, Stepwise: Probability}[d.Method]
	}
	if d.Maps != Probability && !(d.Maps == LogOdds && d.Method == Platt) {
		return nil, fmt.Errorf("a %s of %q: there is a sigmoid of %s, and both are of a %s", d.Method, d.Maps, LogOdds, Probability)
	}
	m := &Model{method: d.Method, maps: d.Maps, clip: d.Clip}
	d.Of.Tensors = s.Tensors
	if m.of, err = restore(d.Of, features); err != nil {
		return nil, err
	}
	if m.of.Outputs() < 2 || len(d.Curves) != len(m.classes()) {
		return nil, fmt.Errorf("%d curves for a model of %d outputs", len(d.Curves), m.of.Outputs())
	}
	for k, c := range d.Curves {
		one := curve{absent: c.Absent}
		switch {
		case c.Absent && c.Sigmoid == nil && c.Isotonic == nil:
		case !c.Absent && m.method == Platt && c.Sigmoid != nil && c.Isotonic == nil:
			one.sigmoid = *c.Sigmoid
		case !c.Absent && m.method == Stepwise && c.Isotonic != nil && c.Sigmoid == nil:
			one.isotonic = *c.Isotonic
			err = one.isotonic.check()
		default:
			err = errors.New("it is not of the method")
		}
		if err != nil {
			return nil, fmt.Errorf("curve %d: %w", k, err)
		}
		m.curves = append(m.curves, one)
	}
	return m, nil
}

func (f Isotonic) check() error {
	if len(f.X) == 0 || len(f.X) != len(f.Y) {
		return fmt.Errorf("%d places and %d values", len(f.X), len(f.Y))
	}
	for i := range f.X {
		if math.IsNaN(f.X[i]) || !(f.Y[i] >= 0 && f.Y[i] <= 1) || i > 0 && (f.X[i] <= f.X[i-1] || f.Y[i] < f.Y[i-1]) {
			return fmt.Errorf("point %d does not rise, or is no probability", i)
		}
	}
	return nil
}
