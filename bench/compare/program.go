package compare

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"syscall"
	"time"
)

// Main runs a benchmark and says what went wrong with it.
func Main(name string, run func() error) {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Make lets the script make its data in folder, unless the file, relative to it, is
// there: the one that is written last.
func Make(python, script, folder, file string, more ...string) error {
	if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
		return nil
	}
	if _, err := Run(append([]string{python, "-P", script, "make", folder}, more...)...); err != nil {
		return fmt.Errorf("making the data: %w", err)
	}
	return nil
}

// Profile writes a profile of what do does to a file, where one is named.
func Profile(path string, do func() error) error {
	if path == "" {
		return do()
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}

// A Cost is what something took, in seconds: by the clock, and of processor time,
// which what else the machine does changes little.
type Cost struct{ Wall, Busy float64 }

// Measure says what do took.
func Measure(do func() error) (Cost, error) {
	start, busy := time.Now(), processorTime()
	err := do()
	return Cost{time.Since(start).Seconds(), processorTime() - busy}, err
}

// Least measures do several times, and takes the least of each: what other work on
// the machine spares.
func Least(times int, do func()) Cost {
	least := Cost{math.Inf(1), math.Inf(1)}
	for range times {
		c, _ := Measure(func() error { do(); return nil })
		least = Cost{min(least.Wall, c.Wall), min(least.Busy, c.Busy)}
	}
	return least
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
