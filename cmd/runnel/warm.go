package main

import (
	"context"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/step"
)

var (
	_ host.Warmer   = (*guests)(nil)
	_ host.Admitter = (*guests)(nil)
)

// Warm implements host.Warmer.
func (g *guests) Warm(ctx context.Context, fn *step.Function, memory int64, open host.Opener) error {
	if _, err := g.Identify(ctx, fn); err != nil {
		return err
	}
	h, err := g.with(memory)
	if err != nil {
		return err
	}
	return h.Warm(ctx, fn, memory, open)
}

// Admit implements host.Admitter.
func (g *guests) Admit(ctx context.Context, fn *step.Function, memory int64) (host.Room, error) {
	if _, err := g.Identify(ctx, fn); err != nil {
		return nil, err
	}
	h, err := g.with(memory)
	if err != nil {
		return nil, step.Permanent(err)
	}
	return h.Admit(ctx, fn, memory)
}
