// Package compare runs two programs that do the same job in turns and says how
// many times faster, in the middle, one of them is. Benchmarks share it.
package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Line is one comparison, as the table of all benchmarks shows it. Ratios
// above 1 say that runnel takes less.
type Line struct {
	Job    string  `json:"job"`
	Peer   string  `json:"peer"`
	Ratio  float64 `json:"ratio"`            // the peer's time over ours, the median of all rounds
	Low    float64 `json:"low,omitempty"`    // the smallest ratio of a round
	High   float64 `json:"high,omitempty"`   // the largest
	CPU    float64 `json:"cpu,omitempty"`    // the same of processor time, which other work on the machine changes little
	Rounds int     `json:"rounds,omitempty"` // 0: not said
	Memory int64   `json:"memory,omitempty"` // our peak, in bytes
	Theirs int64   `json:"theirs,omitempty"` // the peer's
	Result string  `json:"result,omitempty"` // how the results compare
}

// A Turn is what one run of a program took.
type Turn struct {
	Wall, CPU float64 // seconds
	Peak      int64   // bytes of memory
	Output    []byte
}

// Run runs a program and measures it. Its stderr is shown where it fails.
func Run(argv ...string) (Turn, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	out, err := cmd.Output()
	t := Turn{Wall: time.Since(start).Seconds(), Output: out}
	if err != nil {
		return t, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, stderr.Bytes())
	}
	t.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		t.Peak = u.Maxrss << 10
	}
	return t, nil
}

// JSON decodes what the program printed.
func (t Turn) JSON(v any) error {
	if err := json.Unmarshal(t.Output, v); err != nil {
		return fmt.Errorf("%w in %q", err, t.Output)
	}
	return nil
}

// Middle puts the turns of both sides, one of each a round, into a Line.
func Middle(job, peer string, ours, theirs []Turn) Line {
	l := Line{Job: job, Peer: peer, Rounds: len(ours)}
	var wall, cpu []float64
	for i := range ours {
		wall = append(wall, theirs[i].Wall/ours[i].Wall)
		cpu = append(cpu, theirs[i].CPU/ours[i].CPU)
		l.Memory, l.Theirs = max(l.Memory, ours[i].Peak), max(l.Theirs, theirs[i].Peak)
	}
	l.Ratio, l.Low, l.High = Median(wall), slices.Min(wall), slices.Max(wall)
	if l.CPU = Median(cpu); math.IsNaN(l.CPU) || math.IsInf(l.CPU, 0) {
		l.CPU = 0
	}
	return l
}

// Median is the one in the middle.
func Median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Python is the Python that has the modules: RUNNEL_PYTHON, .venv/bin/python if
// unset. ok is false, and stderr has been told, where there is none.
func Python(modules ...string) (python string, ok bool) {
	python = os.Getenv("RUNNEL_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import "+strings.Join(modules, ", ")).Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s cannot import %s (%v): set RUNNEL_PYTHON, or let scripts/bench make .venv\n", python, strings.Join(modules, ", "), err)
		return "", false
	}
	return python, true
}

// Publish prints the lines, and keeps them in the folder that RUNNEL_RESULTS
// names, as scripts/bench does.
func Publish(bench string, lines []Line) error {
	fmt.Print(Table(lines))
	folder := os.Getenv("RUNNEL_RESULTS")
	if folder == "" {
		return nil
	}
	b, err := json.MarshalIndent(lines, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, bench+".json"), append(b, '\n'), 0o644)
}

// Table writes lines as Markdown.
func Table(lines []Line) string {
	var b strings.Builder
	b.WriteString("| job | peer | times faster | of rounds | by processor time | peak memory: ours / peer's | results |\n")
	b.WriteString("|---|---|---:|---|---:|---:|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", l.Job, l.Peer, number(l.Ratio), l.rounds(), number(l.CPU), l.memory(), l.Result)
	}
	return b.String()
}

func (l Line) rounds() string {
	if l.Rounds < 2 {
		return ""
	}
	return fmt.Sprintf("%d: %s to %s", l.Rounds, number(l.Low), number(l.High))
}

func (l Line) memory() string {
	switch {
	case l.Memory == 0:
		return ""
	case l.Theirs == 0:
		return fmt.Sprintf("%d MiB", l.Memory>>20)
	}
	return fmt.Sprintf("%d / %d MiB", l.Memory>>20, l.Theirs>>20)
}

// number shows two or three digits; nothing for 0.
func number(v float64) string {
	switch {
	case v == 0:
		return ""
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
