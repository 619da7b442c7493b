package hosttest

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

// time checks that a call ends soon after its deadline, or when it is cancelled,
// and that the next one is none the worse.
func (s *suite) time(t *testing.T) {
	e := newEnv(t)
	things := []string{"slow"}
	if s.o.Kills {
		things = append(things, "loop")
	}
	for _, do := range things {
		for _, cancelled := range []bool{false, true} {
			name, class := do+" past its deadline", step.ClassTimeout
			if cancelled {
				name, class = do+" cancelled", step.ClassRetryable
			}
			t.Run(name, func(t *testing.T) {
				s.must(t, e, events.ObjectCreatedData{}, probe.Params{Do: "nothing"}) // it is warm
				ctx, cancel := context.WithCancel(t.Context())
				if cancelled {
					defer time.AfterFunc(200*time.Millisecond, cancel).Stop()
				} else {
					ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
				}
				defer cancel()
				start := time.Now()
				_, err := s.host.Run(ctx, probe.Function, Invocation(t, probe.Function, events.ObjectCreatedData{}, probe.Params{Do: do, N: 20_000}), e)
				took := time.Since(start)
				if err == nil || step.ClassOf(err) != class {
					t.Errorf("got %v, want class %s", described(orNone(err)), class)
				}
				if took < 150*time.Millisecond || took > 200*time.Millisecond+s.o.Late {
					t.Errorf("it took %v", took)
				}
				s.must(t, e, events.ObjectCreatedData{}, probe.Params{Do: "nothing"})
			})
		}
	}
}

// memory checks that a function that wants more than there is fails, and that
// one which wants less does not.
func (s *suite) memory(t *testing.T) {
	if s.o.Memory == 0 {
		t.Skip("the host has no memory limit of its own")
	}
	e := newEnv(t)
	for range 3 {
		if _, err := s.do(t, e, events.ObjectCreatedData{}, probe.Params{Do: "alloc", N: 2 * s.o.Memory}); err == nil || step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("got %v, want a permanent error", described(orNone(err)))
		} else if !strings.Contains(strings.ToLower(described(err)), "memory") {
			t.Errorf("the error does not speak of memory: %v", described(err))
		}
		s.must(t, e, events.ObjectCreatedData{}, probe.Params{Do: "alloc", N: s.o.Memory / 4})
	}
}

// isolation checks that what the event does not name cannot be read.
func (s *suite) isolation(t *testing.T) {
	e := newEnv(t)
	secret := e.put(t, events.MediaBytes, []byte("nobody's business"))
	given := e.object(t, "given", []byte("something"))
	_, err := s.do(t, e, given, probe.Params{Do: "read", Digest: secret.Digest, Size: secret.Size})
	if s.o.Isolates && (err == nil || step.ClassOf(err) != step.ClassPermanent) {
		t.Errorf("an artifact that the event does not name was read: %v", err)
	}
	if !s.o.Isolates && err != nil {
		t.Errorf("this host does isolate: set Options.Isolates (%v)", err)
	}
	res, err := s.do(t, e, given, probe.Params{Do: "read", Digest: given.Content.Digest, Size: given.Content.Size})
	if err != nil || !slices.Equal(res.Notes, []string{"9 bytes"}) {
		t.Errorf("what the event names: %v, %v", res.Notes, err)
	}
}

// large passes much data through a function: a table, and an artifact of bytes.
func (s *suite) large(t *testing.T) {
	if testing.Short() {
		t.Skip("a long one")
	}
	mib := 200
	if s.o.Remote || s.o.Again {
		mib = 50
	}
	t.Run("table", func(t *testing.T) {
		rows := mib << 20 / 16
		floats, ints := make([]float64, rows), make([]int64, rows)
		for i := range rows {
			floats[i], ints[i] = float64(i)/3, int64(i)*math.MaxInt32
		}
		tbl, err := table.New(table.FloatColumn("f", floats), table.IntColumn("n", ints))
		if err != nil {
			t.Fatal(err)
		}
		env, in := s.holding(t, tbl)
		res, err := s.host.Run(t.Context(), probe.Function, Invocation(t, probe.Function, events.DatasetIngestedData{Dataset: in}, probe.Params{Do: "table"}), env)
		if err != nil {
			t.Fatal(described(err))
		}
		got, err := env.Table(t.Context(), res.Outputs["copy"])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Columns[0].Floats, floats) || !slices.Equal(got.Columns[1].Ints, ints) || res.Rows != int64(rows) {
			t.Errorf("%d rows came back as %d, or others", rows, got.Rows())
		}
	})
	t.Run("bytes", func(t *testing.T) {
		e := newEnv(t)
		b := make([]byte, mib<<20+7)
		for i := range b {
			b[i] = byte(i ^ i>>8 ^ i>>16)
		}
		in := e.object(t, "large", b)
		res := s.must(t, e, in, probe.Params{Do: "open"})
		if res.Outputs["copy"] != in.Content {
			t.Errorf("%+v came back as %+v", in.Content, res.Outputs["copy"])
		}
	})
}

// holding gives an environment that holds the table. For a function that is away
// it is the store that both share; otherwise the table stays as it is there, which
// is what is tested: its way to the function and back.
func (s *suite) holding(t *testing.T, tbl *table.Table) (step.Env, events.Dataset) {
	if s.o.Away {
		e := newEnv(t)
		return e, e.dataset(t, tbl, tbl.Rows()).Dataset
	}
	e := steptest.New(t)
	return e, e.Dataset(t, events.Dataset{Name: "large"}, tbl, nil)
}
