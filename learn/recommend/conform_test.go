package recommend

import (
	"context"
	"fmt"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// ofEvents fits events that are the rows of a matrix: the numbers of a user and
// of an item, with as much of it as the row weighs.
type ofEvents struct{ ALS }

func (e ofEvents) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if y.Task != learn.Recommendation {
		return nil, fmt.Errorf("the task is %s", y.Task)
	}
	events := make([]Event, x.Rows)
	for i := range events {
		events[i] = Event{User: fmt.Sprintf("%04.0f", x.Columns[0][i]), Item: fmt.Sprintf("%04.0f", x.Columns[1][i])}
		if opts != nil && opts.Weights != nil {
			events[i].Weight = opts.Weights[i]
		}
	}
	m, err := e.ALS.Fit(ctx, events, opts)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func TestConforms(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator { return ofEvents{ALS{Factors: 3, Iterations: 10}} }, learntest.Config{
		Tasks:    []learn.Task{learn.Recommendation},
		RowOrder: true,
		Restore: func(s learn.State) (learn.Model, error) {
			m, err := FromState(s)
			if err != nil {
				return nil, err
			}
			return m, nil
		},
	})
}
