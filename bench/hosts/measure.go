package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
)

// A sample is what calls took, one by one.
type sample struct {
	name string
	took []time.Duration
}

func (s sample) quantile(q float64) time.Duration {
	d := slices.Sorted(slices.Values(s.took))
	return d[int(q*float64(len(d)-1)+0.5)]
}

// warm calls one after the other, after a first turn that does not count.
func (b *bench) warm(ctx context.Context, rounds, calls int) ([]sample, error) {
	all := make([]sample, len(b.subjects))
	for round := range rounds + 1 {
		for i, s := range b.subjects {
			all[i].name = s.name
			for range calls {
				start := time.Now()
				if err := s.call(ctx, b.inv); err != nil {
					return nil, err
				}
				if round > 0 {
					all[i].took = append(all[i].took, time.Since(start))
				}
			}
		}
	}
	return all, nil
}

func printWarm(w io.Writer, all []sample) {
	native := all[0].quantile(.5)
	fmt.Fprintln(w, "one warm event\tmedian\tp99\tadds to native\ttimes native\t")
	for _, s := range all {
		adds, note := s.quantile(.5)-native, ""
		switch s.name {
		case isNative:
		case isLambda:
			note = target(adds <= maxLambda, "at most 3 ms more")
		default:
			note = target(adds <= maxGuest, "at most 0.2 ms more")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.0f\t%s\n", s.name, ms(s.quantile(.5)), ms(s.quantile(.99)), ms(adds), float64(s.quantile(.5))/float64(native), note)
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3f ms", d.Seconds()*1e3) }

const (
	compiled = ", compiled first"
	warmed   = ", made ready before"
)

// cold starts each host anew for one event, in turns. What compiles first is
// started once: it takes seconds.
func (b *bench) cold(ctx context.Context, starts int) ([]sample, error) {
	all := map[string]*sample{}
	names := []string{inProcess + floor, inProcess, inProcess + warmed, inWorker + floor, inWorker, inWorker + warmed, inProcess + compiled, isLambda}
	for i := range starts {
		for _, name := range names {
			var took time.Duration
			var err error
			switch {
			case name == isLambda && b.lambdas == nil || name == inProcess+compiled && i > 0:
				continue
			case name == isLambda:
				took, err = b.coldLambda(ctx)
			default:
				took, err = b.coldWASM(ctx, name)
			}
			if err != nil {
				return nil, err
			}
			if all[name] == nil {
				all[name] = &sample{name: name}
			}
			all[name].took = append(all[name].took, took)
		}
	}
	var out []sample
	for _, name := range names {
		if all[name] != nil {
			out = append(out, *all[name])
		}
	}
	return out, nil
}

// coldWASM opens a host that has compiled code on disk, and nothing else, and
// times its first call; of one that is made ready before, that alone.
func (b *bench) coldWASM(ctx context.Context, name string) (time.Duration, error) {
	cache := b.cache()
	if name == inProcess+compiled {
		cache = filepath.Join(b.dir, "empty")
	}
	s := subject{name: name, fn: probe.Function, want: b.want}
	if name == inProcess+floor || name == inWorker+floor {
		s.fn, s.want = floorFunction, ""
	}
	start := time.Now()
	h, err := b.openWASM(cache, !strings.HasPrefix(name, inWorker))
	if err != nil {
		return 0, err
	}
	s.host = h
	if strings.HasSuffix(name, warmed) {
		if err := h.Warm(ctx, s.fn, 0, nil); err != nil {
			return 0, err
		}
		start = time.Now()
	}
	err = s.call(ctx, b.inv)
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	return took, h.Close()
}

// coldLambda times the first invocation of an emulator, which starts the
// function's process.
func (b *bench) coldLambda(ctx context.Context) (time.Duration, error) {
	f, err := b.startLambda(ctx)
	if err != nil {
		return 0, err
	}
	defer f.Stop()
	s := subject{isLambda, lambdaAt(f.URL), probe.Function, b.want}
	start := time.Now()
	err = s.call(ctx, b.inv)
	return time.Since(start), err
}

func printCold(w io.Writer, all []sample) {
	fmt.Fprintln(w, "\nfirst event of a host\tmedian\tbest\tworst\t\t")
	for _, s := range all {
		note := ""
		switch s.name {
		case inProcess, inWorker:
			note = target(s.quantile(.5) <= maxGuestStart, "at most 50 ms")
		case isLambda:
			note = target(s.quantile(.5) <= maxLambdaStart, "at most 100 ms")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\t%s\n", s.name, ms(s.quantile(.5)), ms(s.quantile(0)), ms(s.quantile(1)), note)
	}
}
