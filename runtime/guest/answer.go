package guest

import (
	"errors"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// answer says what came of a function, as its host wants to hear it.
func answer(res step.Result, err error) *abi.Answer {
	a := &abi.Answer{Events: emissions(res.Events), Outputs: res.Outputs, Rows: res.Rows, Notes: res.Notes}
	if err != nil {
		a.Error = failure(err)
	}
	return a
}

// failure is an error on its way to the host.
func failure(err error) *abi.Error {
	out := &abi.Error{Class: step.ClassOf(err), Message: err.Error()}
	if classed, ok := errors.AsType[*step.Error](err); ok {
		out.Detail = classed.Detail
	}
	return out
}

// emissions asks the host for the events, which it makes anew. Events of a set
// that the function opened stand in it one after the other, after the first of
// them the set is named.
func emissions(evs []events.Event) []abi.Emission {
	out := make([]abi.Emission, 0, len(evs))
	for i := 0; i < len(evs); {
		set := events.SetOf(evs[i])
		if events.Extension(evs[i], events.SetID) != evs[i].ID() || set.Size > len(evs)-i {
			out = append(out, emission(evs[i]))
			i++
			continue
		}
		members := make([]abi.Emission, set.Size)
		for j := range members {
			members[j] = emission(evs[i+j])
		}
		out = append(out, abi.Emission{Set: members})
		i += set.Size
	}
	return out
}

func emission(e events.Event) abi.Emission { return abi.Emission{Type: e.Type(), Data: e.Data()} }
