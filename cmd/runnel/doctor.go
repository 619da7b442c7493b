package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"time"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

// A check is one thing that doctor looked at.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Said string `json:"said"`
	Fix  string `json:"fix,omitempty"`
}

func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check this machine and the folder: what is wrong, and how to put it right", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		checks := []check{
			{Name: "program", OK: true, Said: fmt.Sprintf("runnel %s, %s, %s/%s, %d processors", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))},
			a.checkFolder(), a.checkDisk(), a.checkNode(cmd.Context()),
		}
		checks = append(checks, a.checkWork(cmd.Context())...)
		err := a.print(checks, func() {
			for _, c := range checks {
				mark := a.style(a.out, green, "ok  ")
				if !c.OK {
					mark = a.style(a.out, red, "bad ")
				}
				fmt.Fprintf(a.out, "%s %-8s %s\n", mark, c.Name, c.Said)
				if c.Fix != "" {
					fmt.Fprintf(a.out, "              %s\n", c.Fix)
				}
			}
		})
		for _, c := range checks {
			if !c.OK && err == nil {
				err = &coded{code: exitFailed}
			}
		}
		return err
	}}
}

// lookBack is how many runs doctor looks at for some that do not go on.
const lookBack = 100

// checkWork tells of what waits for somebody: dead letters, and runs that no node
// works on. Nothing is wrong with the machine for that.
func (a *app) checkWork(ctx context.Context) []check {
	if _, err := os.Stat(filepath.Join(a.dir, "store")); err != nil {
		return nil // nothing has run here yet
	}
	bad := func(err error) []check { return []check{{Name: "work", Said: err.Error()}} }
	c, err := a.connect(ctx, looking)
	if err != nil {
		return bad(err)
	}
	defer c.close()
	letters, err := c.DeadLetters(ctx, engine.LetterQuery{Limit: 1})
	if err != nil {
		return bad(err)
	}
	runs, err := c.Runs(ctx, lookBack)
	if err != nil {
		return bad(err)
	}
	var out []check
	if letters.Open > 0 {
		out = append(out, check{Name: "letters", OK: true, Said: fmt.Sprintf("open dead letters: %d", letters.Open),
			Fix: fmt.Sprintf("%s deadletters list    then redrive or discard each", a.name())})
	}
	interrupted := 0
	for _, r := range runs {
		if r.State == api.Interrupted {
			interrupted++
		}
	}
	if interrupted > 0 {
		out = append(out, check{Name: "runs", OK: true, Said: fmt.Sprintf("%d of the newest runs are interrupted, and no node works on them", interrupted),
			Fix: fmt.Sprintf("%s up    goes on with them; %s runs cancel RUN ends one", a.name(), a.name())})
	}
	return out
}

// checkFolder tells whether the folder is private and can be written to.
func (a *app) checkFolder() check {
	c := check{Name: "folder", Said: a.dir}
	info, err := os.Stat(a.dir)
	if os.IsNotExist(err) {
		parent := filepath.Dir(filepath.Clean(a.dir))
		if _, perr := os.Stat(parent); perr != nil {
			c.Said, c.Fix = fmt.Sprintf("%s cannot be made: %v", a.dir, perr), "name another folder with --data"
			return c
		}
		c.OK, c.Said = true, a.dir+" (not there yet: the first run makes it)"
		return c
	}
	if err != nil || !info.IsDir() {
		c.Said, c.Fix = fmt.Sprintf("%s is not a folder that can be read", a.dir), "name another folder with --data"
		return c
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		c.Said, c.Fix = fmt.Sprintf("others may look into %s (%v)", a.dir, info.Mode().Perm()), "chmod 700 "+a.dir
		return c
	}
	c.OK = true
	return c
}

// checkDisk measures what a durable write costs: each event pays some of them.
func (a *app) checkDisk() check {
	c := check{Name: "disk"}
	dir := a.dir
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(filepath.Clean(a.dir))
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		c.Said, c.Fix = err.Error(), "make the folder writable, or name another with --data"
		return c
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []time.Duration
	for range 21 {
		start := time.Now()
		if _, err = f.Write(make([]byte, 512)); err == nil {
			err = f.Sync()
		}
		if err != nil {
			c.Said, c.Fix = err.Error(), "free some room on the disk"
			return c
		}
		took = append(took, time.Since(start))
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	c.OK = true
	c.Said = fmt.Sprintf("a durable write takes %s", took[len(took)/2].Round(10*time.Microsecond))
	return c
}

func (a *app) checkNode(ctx context.Context) check {
	c := check{Name: "node", OK: true, Said: "none runs in the folder"}
	info, _, err := node.Running(a.dir)
	if err != nil {
		c.OK, c.Said, c.Fix = false, err.Error(), "wait for that process to end"
		return c
	}
	if info == nil {
		return c
	}
	if _, err := a.running(ctx, looking); err != nil {
		c.OK, c.Said, c.Fix = false, err.Error(), fmt.Sprintf("stop process %d, and start the node again", info.PID)
		return c
	}
	c.Said = fmt.Sprintf("process %d at http://%s", info.PID, info.HTTP)
	if info.Command != "" {
		c.Said += fmt.Sprintf(", until its command, runnel %s, ends", info.Command)
	}
	return c
}
