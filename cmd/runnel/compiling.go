package main

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// compiling is the unit of the progress of a step whose guest does not run yet.
const compiling = "compiling"

// aMoment is how long a guest takes at most that was compiled before.
const aMoment = 400 * time.Millisecond

// A starting environment says that the guest is being compiled, from a moment
// after the call until the guest asks for something, which shows that it runs.
type starting struct {
	step.Env
	module string // digest of the guest, where it is read through this environment too

	once  sync.Once
	timer *time.Timer
	said  sync.Mutex // held while it is said, so that what the guest says comes after
	runs  bool
}

func startingWith(env step.Env, module string) *starting {
	s := &starting{Env: env, module: module}
	s.timer = time.AfterFunc(aMoment, func() {
		s.said.Lock()
		defer s.said.Unlock()
		if !s.runs {
			env.Progress(step.Progress{Unit: compiling})
		}
	})
	return s
}

// started notes that the guest runs.
func (s *starting) started() {
	s.once.Do(func() {
		late := !s.timer.Stop()
		s.said.Lock()
		defer s.said.Unlock()
		s.runs = true
		if late {
			s.Env.Progress(step.Progress{})
		}
	})
}

// Open implements step.Env, as do those that follow.
func (s *starting) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	if ref.Digest != s.module {
		s.started()
	}
	return s.Env.Open(ctx, ref)
}

func (s *starting) Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	s.started()
	return s.Env.Put(ctx, mediaType, r)
}

func (s *starting) Table(ctx context.Context, ref events.Ref) (*table.Table, error) {
	s.started()
	return s.Env.Table(ctx, ref)
}

func (s *starting) PutTable(ctx context.Context, t *table.Table) (events.Ref, error) {
	s.started()
	return s.Env.PutTable(ctx, t)
}

func (s *starting) Fetch(ctx context.Context, url string, limits step.FetchLimits) (events.Ref, error) {
	s.started()
	return s.Env.Fetch(ctx, url, limits)
}

func (s *starting) Models() step.Models {
	s.started()
	return s.Env.Models()
}

func (s *starting) Progress(p step.Progress) {
	s.started()
	s.Env.Progress(p)
}
