// Command summary writes README.md from the results in a folder: one table of
// all benchmarks, which the documentation includes.
//
//	go run ./bench/summary bench/results
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/runnel-dev/runnel/bench/compare"
)

const intro = `# Measured

Written by ` + "`scripts/bench`" + `. Each line compares runnel with a peer that does the same job on the same machine in the
same run, the two taking turns: the median over the rounds of the peer's time divided by ours, so that more than 1 is
faster. Absolute times say more about a machine than about a program and are left out.

`

// beside says what stands beside the times that are no comparison of programs.
var beside = map[string]string{
	"bus":   "Beside what the disk takes to append and fsync as much.",
	"hop":   "Beside what the disk takes to append and fsync as much.",
	"hosts": "The same step, an event in and an event out, in every host. Beside it native, and a guest that returns at once.",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/summary:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want the folder of the results")
	}
	files, err := filepath.Glob(filepath.Join(args[0], "*.json"))
	if err != nil {
		return err
	}
	var all []compare.Line
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var lines []compare.Line
		if err := json.Unmarshal(b, &lines); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		bench := strings.TrimSuffix(filepath.Base(file), ".json")
		for i := range lines {
			lines[i].Job = bench + ": " + lines[i].Job
		}
		all = append(all, lines...)
	}
	text := compare.Table(all)
	if files, err = filepath.Glob(filepath.Join(args[0], "*.txt")); err != nil {
		return err
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		text += fmt.Sprintf("\n## %s\n\n%s\n\n```\n%s\n```\n", name, beside[name], strings.TrimSpace(string(b)))
	}
	fmt.Print(text)
	return os.WriteFile(filepath.Join(args[0], "README.md"), []byte(intro+text), 0o644)
}
