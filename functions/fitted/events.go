package fitted

import (
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Events are what rows of the dataset of a recommendation say that users did.
func Events(ds events.Dataset, t *table.Table, rows []int) ([]recommend.Event, error) {
	user, item := t.Column(ds.Roles[events.RoleUser]), t.Column(ds.Roles[events.RoleItem])
	if user == nil || item == nil {
		return nil, step.Permanent(fmt.Errorf("dataset %s has no column of users %q, or of items %q", ds.Name, ds.Roles[events.RoleUser], ds.Roles[events.RoleItem]))
	}
	var weights []float64
	if name := ds.Roles[events.RoleWeight]; name != "" {
		w := t.Column(name)
		if w == nil || !w.Kind.Numeric() {
			return nil, step.Permanent(fmt.Errorf("dataset %s has no numbers in the column of weights %q", ds.Name, name))
		}
		weights = w.Numbers()
	}
	out := make([]recommend.Event, len(rows))
	for k, i := range rows {
		out[k] = recommend.Event{User: user.Text(i), Item: item.Text(i)}
		if weights != nil {
			out[k].Weight = weights[i]
		}
	}
	return out, nil
}

// Held are the events of rows that are not trained on, but for those of a user
// and an item that are, which are nothing new.
func Held(train, others []recommend.Event) []recommend.Event {
	done := make(map[[2]string]bool, len(train))
	for _, e := range train {
		done[[2]string{e.User, e.Item}] = true
	}
	var out []recommend.Event
	for _, e := range others {
		if !done[[2]string{e.User, e.Item}] {
			out = append(out, e)
		}
	}
	return out
}
