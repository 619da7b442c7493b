package estimator

import (
	"context"
	"errors"

	"github.com/runnel-dev/runnel/learn"
)

// ofEvents stands for an estimator that learns from events, and not from a matrix
// of features: it is fitted by its own package.
type ofEvents struct{}

// Fit implements learn.Estimator.
func (ofEvents) Fit(context.Context, *learn.Matrix, *learn.Target, *learn.Options) (learn.Model, error) {
	return nil, errors.New("it learns from events of users and items, and not from features")
}
