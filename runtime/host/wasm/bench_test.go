package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// made finds modules that were built by hand.
type made map[string][]byte

// Find implements Modules.
func (m made) Find(_ context.Context, fn *step.Function) (Module, error) {
	b, ok := m[fn.Name]
	if !ok {
		return Module{}, step.Permanent(errors.New("no module"))
	}
	return Module{
		Digest:  "test:" + fn.Name,
		Open:    func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		Trusted: true,
	}, nil
}

// nothing is a function that does nothing, and so does its guest.
func nothing(name string) *step.Function {
	return step.New(name, func(context.Context, *step.Call, probeParams) error { return nil },
		step.Accepts(events.DatasetIngested), step.Emits(events.DatasetExplored))
}

// hosts are those that are compared.
func hosts(b *testing.B) map[string]host.Host {
	modules := both{made{"empty": reactor(i32Const, 0).bytes()}, NewDir(guests)}
	return map[string]host.Host{
		"native":    native.Host{},
		"inprocess": open(b, &Options{Modules: modules, InProcess: func(*step.Function) bool { return true }}),
		"worker":    open(b, &Options{Modules: modules, Workers: 8}),
	}
}

// both looks for modules in one place, then in another.
type both [2]Modules

// Find implements Modules.
func (m both) Find(ctx context.Context, fn *step.Function) (Module, error) {
	if found, err := m[0].Find(ctx, fn); err == nil {
		return found, nil
	}
	return m[1].Find(ctx, fn)
}

// BenchmarkWarm calls a guest that does nothing: one of a few instructions, and
// one in Go that reads its invocation with encoding/json.
func BenchmarkWarm(b *testing.B) {
	list := hosts(b)
	for _, guest := range []string{"empty", "probe"} {
		for _, where := range []string{"native", "inprocess", "worker"} {
			b.Run(guest+"/"+where, func(b *testing.B) {
				env := steptest.New(b)
				fn := nothing(guest)
				inv := invocationOf(b, fn, events.DatasetIngestedData{Dataset: small(b, env)}, probeParams{Do: "nothing"})
				if _, err := list[where].Run(b.Context(), fn, inv, env); err != nil { // warm
					b.Fatal(described(err))
				}
				for b.Loop() {
					if _, err := list[where].Run(b.Context(), fn, inv, env); err != nil {
						b.Fatal(described(err))
					}
				}
			})
		}
	}
}

// BenchmarkConcurrent calls a Go guest from many goroutines at once.
func BenchmarkConcurrent(b *testing.B) {
	list := hosts(b)
	for _, where := range []string{"inprocess", "worker"} {
		for _, n := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/%d", where, n), func(b *testing.B) {
				env := steptest.New(b)
				fn := nothing("probe")
				inv := invocationOf(b, fn, events.DatasetIngestedData{Dataset: small(b, env)}, probeParams{Do: "nothing"})
				if _, err := list[where].Run(b.Context(), fn, inv, env); err != nil { // warm
					b.Fatal(described(err))
				}
				b.ResetTimer()
				b.SetParallelism(n) // times GOMAXPROCS
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if _, err := list[where].Run(b.Context(), fn, inv, env); err != nil {
							b.Error(described(err))
							return
						}
					}
				})
			})
		}
	}
}

// BenchmarkCold starts a Go guest: its compiled code is on disk (cached) or not.
func BenchmarkCold(b *testing.B) {
	module, err := os.ReadFile(filepath.Join(guests, "probe.wasm"))
	if err != nil {
		b.Fatal(err)
	}
	for _, cached := range []bool{true, false} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			dir := b.TempDir()
			if err := os.Chmod(dir, 0o700); err != nil {
				b.Fatal(err)
			}
			if cached {
				s := sandbox.New(sandbox.Config{CacheDir: dir})
				if _, err := s.Load(b.Context(), "probe", func() ([]byte, error) { return module, nil }); err != nil {
					b.Fatal(err)
				}
				s.Close()
			} else {
				dir = ""
			}
			before := processorTime()
			defer func() {
				b.ReportMetric(float64((processorTime()-before).Nanoseconds())/1e6/float64(b.N), "cpu-ms/op")
			}()
			for b.Loop() {
				s := sandbox.New(sandbox.Config{CacheDir: dir})
				m, err := s.Load(b.Context(), "probe", func() ([]byte, error) { return module, nil })
				if err != nil {
					b.Fatal(err)
				}
				if err := m.Warm(b.Context(), "probe"); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("worker", func(b *testing.B) { // a process is started, too
		env := steptest.New(b)
		fn := nothing("probe")
		inv := invocationOf(b, fn, events.DatasetIngestedData{Dataset: small(b, env)}, probeParams{Do: "nothing"})
		for b.Loop() {
			h := open(b, nil)
			if _, err := h.Run(b.Context(), fn, inv, env); err != nil {
				b.Fatal(described(err))
			}
			h.Close()
		}
	})
}

// BenchmarkInstance makes instances of a module that is compiled, and reports
// the memory that each has.
func BenchmarkInstance(b *testing.B) {
	s := sandbox.New(sandbox.Config{CacheDir: filepath.Join(guests, "cache"), Instances: 1})
	defer s.Close()
	m, err := s.Load(b.Context(), "probe", func() ([]byte, error) { return os.ReadFile(filepath.Join(guests, "probe.wasm")) })
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := m.Warm(b.Context(), fmt.Sprint("probe", i)); err != nil { // by another name, so that none is found
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(m.Memory()), "guest-B")
}
