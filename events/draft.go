package events

import (
	"fmt"
	"strconv"
)

// Draft makes an event of which only type and data count, for a host that makes
// the event itself: in a guest, the id and the rest of it would be most of the
// work. Its id is the index, which tells the drafts of a call apart.
func Draft(index int, data Payload) (Event, error) {
	e := newEvent()
	e.SetID(strconv.Itoa(index))
	e.SetType(data.EventType())
	if err := e.SetData(MediaJSON, data); err != nil {
		return Event{}, fmt.Errorf("event %s: encoding its data: %w", data.EventType(), err)
	}
	return e, nil
}
