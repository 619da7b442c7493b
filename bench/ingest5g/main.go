// Command ingest5g works on a file that is larger than the memory it may take, and
// says how much that took: flights, repeated and varied to 5 GB, read by
// `runnel run` with a pipeline of one step, then by the default pipeline without
// a target (ingest, clean, explore), copies and durable writes included. The
// latter runs as on a small machine: GOMEMLIMIT tells the Go runtime what there is.
// Run it in the repository, after scripts/build and bench/chain:
//
//	go run ./bench/ingest5g            5 GB, which has to stay below 1 GiB
//	go run ./bench/ingest5g -quick     500 MB in parts a tenth as large
//
// It takes about three times the file's size on the disk, and leaves nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	bound    = 1 << 30 // bytes of memory
	limit    = 850     // MiB of it for the Go heap: the rest is the program, its stacks, and files in memory
	ingestor = "name: ingest\nsteps:\n  - name: ingest\n"
)

var source = filepath.Join("bench", "data", "flights.csv")

func main() {
	quick := flag.Bool("quick", false, "500 MB in place of 5 GB")
	runnel := flag.String("runnel", filepath.Join("bin", "runnel"), "the command to measure")
	folder := flag.String("dir", os.TempDir(), "directory on the disk to use")
	flag.Parse()
	if err := run(*runnel, *folder, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "bench/ingest5g:", err)
		os.Exit(1)
	}
}

func run(runnel, folder string, quick bool) error {
	size, part := int64(5e9), int64(256<<20)
	if quick {
		size, part = size/10, part/10
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	if free := int64(disk.Bavail) * disk.Bsize; free < 3*size+1e9 {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s has %.1f GB free, %.1f are needed (-dir names another disk)\n", folder, float64(free)/1e9, float64(3*size)/1e9+1)
		return nil
	}
	if _, err := os.Stat(source); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s is not there: bench/chain makes it\n", source)
		return nil
	}
	folder, err := os.MkdirTemp(folder, "runnel-bench-ingest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file, pipeline := filepath.Join(folder, "flights.csv"), filepath.Join(folder, "ingest.yaml")
	rows, err := grow(source, file, size)
	if err != nil {
		return err
	}
	if err := os.WriteFile(pipeline, []byte(ingestor), 0o644); err != nil {
		return err
	}
	name := "ingest5g"
	if quick {
		name = "ingest5g-quick"
	}
	set := []string{file, "--json", "--set", fmt.Sprintf("ingest.part_bytes=%d", part)}
	var lines []compare.Line
	for _, job := range []struct {
		what  string
		limit int // MiB; 0: none
		flags []string
	}{
		{"ingest", 0, []string{"--pipeline", pipeline}},
		{"ingest, clean and explore", limit, nil},
	} {
		data := filepath.Join(folder, "node")
		argv := slices.Concat([]string{runnel, "--data", data, "run"}, set, job.flags)
		if job.limit > 0 {
			argv = slices.Concat([]string{"env", fmt.Sprintf("GOMEMLIMIT=%dMiB", job.limit)}, argv)
			job.what += fmt.Sprintf(" (GOMEMLIMIT=%dMiB)", job.limit)
		}
		t, err := compare.Run(argv...)
		if err != nil {
			return err
		}
		if err := readAll(t, rows); err != nil {
			return fmt.Errorf("%s: %w", job.what, err)
		}
		line := compare.Line{Job: fmt.Sprintf("%s, %.1f GB of CSV, %d rows", job.what, float64(size)/1e9, rows), Memory: t.Peak,
			Result: fmt.Sprintf("peak memory %.2f of 1 GiB, %.2f of the file", float64(t.Peak)/bound, float64(t.Peak)/float64(size))}
		if !quick && t.Peak > bound {
			line.Result = "TOO MUCH: " + line.Result
		}
		lines = append(lines, line)
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	return compare.Publish(name, lines)
}

// readAll reports a run whose first step did not read all rows.
func readAll(t compare.Turn, rows int64) error {
	var out struct {
		Steps []struct {
			Name string
			Rows int64
		}
	}
	if err := t.JSON(&out); err != nil {
		return err
	}
	if len(out.Steps) == 0 || out.Steps[0].Rows != rows {
		return fmt.Errorf("read %+v, wrote %d rows", out.Steps, rows)
	}
	return nil
}
