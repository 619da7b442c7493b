package bus

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/runnel-dev/runnel/events"
)

// ErrClosed is what a bus answers after Close.
var ErrClosed = errors.New("the bus is closed")

// ErrNoSubscription is the reason why what is asked of a subscription fails
// where nobody has made it.
var ErrNoSubscription = errors.New("there is no such subscription")

const (
	defaultAckWait = 30 * time.Second
	maxName        = 128
)

// Check returns the subscription with its defaults filled in and each filter
// once, or an error that says what is wrong with it. Drivers call it first.
func (s Subscription) Check() (Subscription, error) {
	if err := CheckName(s.Name); err != nil {
		return s, err
	}
	var filters []Filter
	for _, f := range s.Filters {
		if f.Type == "" {
			return s, fmt.Errorf("subscription %s: a filter has no type", s.Name)
		}
		if !slices.Contains(filters, f) {
			filters = append(filters, f)
		}
	}
	s.Filters = filters
	if s.MaxInFlight < 0 || s.AckWait < 0 {
		return s, fmt.Errorf("subscription %s: MaxInFlight %d and AckWait %v must not be negative", s.Name, s.MaxInFlight, s.AckWait)
	}
	if s.MaxInFlight == 0 {
		s.MaxInFlight = 1
	}
	if s.AckWait == 0 {
		s.AckWait = defaultAckWait
	}
	return s, nil
}

// CheckName says what is wrong with the name of a subscription, if anything.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("subscription name %q: it must have 1 to %d characters", name, maxName)
	}
	for _, c := range []byte(name) {
		if !(c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return fmt.Errorf("subscription name %q: only letters, digits, - and _ may stand in it", name)
		}
	}
	return nil
}

// FilterFor returns the one filter that matches the event.
func FilterFor(e events.Event) Filter {
	return Filter{Pipeline: events.Extension(e, events.Pipeline), Type: e.Type()}
}
