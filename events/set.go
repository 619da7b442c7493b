package events

import (
	"fmt"
	"strconv"
	"strings"
)

// A Set is what one step fanned out: Size events that it emitted together.
// What other steps emit in answer to a member belongs to the set too, under the
// same index, until a step joins it. Sets nest. An event of no set belongs to
// its run, which is a set of one.
type Set struct {
	ID    string // that of the set's first event; of a run, the run's
	Size  int
	Index int // of the member, from 0
}

// SetOf is the innermost set that the event belongs to.
func SetOf(e Event) Set {
	s := Set{ID: Extension(e, SetID)}
	var err, err2 error
	s.Size, err = strconv.Atoi(Extension(e, SetSize))
	s.Index, err2 = strconv.Atoi(Extension(e, SetIndex))
	if s.ID == "" || err != nil || err2 != nil {
		return Set{ID: RunOf(e), Size: 1}
	}
	return s
}

// Enter makes the event a member of a set within the one that it belongs to.
func Enter(e *Event, s Set) {
	if Extension(*e, SetID) != "" {
		out := SetOf(*e)
		e.SetExtension(SetOuter, strings.TrimPrefix(fmt.Sprintf("%s;%d/%d/%s", Extension(*e, SetOuter), out.Index, out.Size, out.ID), ";"))
	}
	mark(e, s)
}

// Leave takes the event out of its innermost set.
func Leave(e *Event) {
	for _, name := range []string{SetID, SetSize, SetIndex} {
		e.SetExtension(name, nil)
	}
	outer := Extension(*e, SetOuter)
	if outer == "" {
		return
	}
	i := strings.LastIndexByte(outer, ';')
	rest, last := outer[:max(i, 0)], outer[i+1:]
	e.SetExtension(SetOuter, nil)
	if rest != "" {
		e.SetExtension(SetOuter, rest)
	}
	var s Set
	if _, err := fmt.Sscanf(last, "%d/%d/%s", &s.Index, &s.Size, &s.ID); err == nil {
		mark(e, s)
	}
}

func mark(e *Event, s Set) {
	e.SetExtension(SetID, s.ID)
	e.SetExtension(SetSize, strconv.Itoa(s.Size))
	e.SetExtension(SetIndex, strconv.Itoa(s.Index))
}

// inheritSet makes e a member of the sets that parent belongs to.
func inheritSet(e *Event, parent Event) {
	for _, name := range []string{SetID, SetSize, SetIndex, SetOuter} {
		if v := Extension(parent, name); v != "" {
			e.SetExtension(name, v)
		}
	}
}
