package sam

import (
	"context"
	"errors"
	"fmt"

	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Define puts the definition of a pipeline into a store, where the Lambdas of a
// template find it whose environment has no room for it.
func Define(ctx context.Context, s *store.Store, p *pipeline.Pipeline) error {
	err := s.Create(ctx, store.Key("pipelines", p.Version), p.Spec)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("pipeline %s: storing its definition: %w", p.Name, err)
	}
	return nil
}
