package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/runnel-dev/runnel/internal/service"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
)

// A held is what one of something holds in memory.
type held struct {
	what  string
	bytes int64
	note  string
}

// instances is how many are made to measure one.
const instances = 8

// memory measures after the warm calls, with all that these have left running.
func (b *bench) memory(ctx context.Context) ([]held, error) {
	s := sandbox.New(sandbox.Config{CacheDir: b.cache(), Instances: instances})
	defer s.Close()
	before := settled()
	m, err := s.Load(ctx, "probe", func() ([]byte, error) { return os.ReadFile(filepath.Join(b.guests, "probe.wasm")) })
	if err != nil {
		return nil, err
	}
	loaded := settled()
	for i := range instances {
		if err := m.Warm(ctx, fmt.Sprint(probe.Function.Name, i)); err != nil { // by another name: none is found
			return nil, err
		}
	}
	out := []held{{"wasm, a guest's memory", m.Memory() / instances, "as the guest sees it"}}
	if before == 0 {
		return append(out, held{what: "what processes hold", note: "SKIPPED: only known on Linux"}), nil
	}
	out = append(out,
		held{"wasm, an instance, in process", (settled() - loaded) / instances, "of its memory, what was touched"},
		held{"wasm, compiled code of a module", loaded - before, "once for all instances"})
	workers, lambdas := average{}, average{}
	service.Descendants(os.Getpid(), func(pid int, argv []string) {
		switch {
		case argv[0] == b.bootstrap:
			lambdas.add(resident(pid))
		case argv[len(argv)-1] == worker.Arg:
			workers.add(resident(pid))
		}
	})
	out = append(out, held{"wasm, a worker", workers.mean(), fmt.Sprintf("its process, with code and an instance; mean of %d", workers.n)})
	if b.lambdas != nil {
		out = append(out, held{"lambda, a sandbox", lambdas.mean(), fmt.Sprintf("the function's process, without the emulator; mean of %d", lambdas.n)})
	}
	return out, nil
}

type average struct{ sum, n int64 }

func (a *average) add(v int64) { a.sum, a.n = a.sum+v, a.n+1 }

func (a *average) mean() int64 { return a.sum / max(a.n, 1) }

// settled is what this process holds once garbage is given back.
func settled() int64 {
	debug.FreeOSMemory()
	return resident(os.Getpid())
}

func printMemory(w io.Writer, all []held) {
	fmt.Fprintln(w, "\nmemory\tof one\t\t\t\t")
	for _, h := range all {
		fmt.Fprintf(w, "%s\t%.1f MiB\t\t\t\t%s\n", h.what, float64(h.bytes)/(1<<20), h.note)
	}
}
