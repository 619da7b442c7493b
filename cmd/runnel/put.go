package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newPut(a *app) *cobra.Command {
	var target string
	var metadata []string
	var wait bool
	c := &cobra.Command{
		Use:   "put FILE BUCKET[/KEY]",
		Short: "Upload a file, which starts the pipelines that it triggers",
		Long: `Upload a file to the node that runs in the folder. The pipelines whose trigger
matches start once the upload is whole and durable. Where no node runs, the
folder is opened here and the pipelines run to their end. FILE may be - for
standard input.

--wait follows the run that the upload starts, and ends with its exit code, as
runnel run does. It is on where no node runs, since nothing else works on the run,
and off where one does. An interrupt ends the waiting, not the run.`,
		Example: "  runnel put penguins.csv uploads --target species\n  runnel put - uploads/sales.csv < sales.csv",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			bucket, key, _ := strings.Cut(args[1], "/")
			if key == "" || strings.HasSuffix(key, "/") {
				if args[0] == "-" {
					return usage(fmt.Errorf("name the object: BUCKET/KEY"))
				}
				key += filepath.Base(args[0])
			}
			meta := map[string]string{}
			if target != "" {
				meta["target"] = target
			}
			for _, m := range metadata {
				k, v, ok := strings.Cut(m, "=")
				if !ok {
					return usage(fmt.Errorf("--metadata %s: want key=value", m))
				}
				meta[k] = v
			}
			file := os.Stdin
			if args[0] != "-" {
				f, err := openTable(args[0])
				if err != nil {
					return usage(err)
				}
				if f == nil {
					return usage(fmt.Errorf("%s is a directory: upload its files one by one, or use `runnel run`", args[0]))
				}
				defer f.Close()
				file = f
			}
			conn, err := a.connect(ctx, working)
			if err != nil {
				return err
			}
			defer conn.close()
			if !cmd.Flags().Changed("wait") {
				wait = !conn.remote
			}
			p := a.progress()
			if wait {
				p.title(bucket+"/"+key, meta["target"])
			}
			read := newUpload(ctx)
			uploaded := p.during(read.doing)
			up, err := conn.Put(ctx, bucket, key, mediaTypeOf(key), meta, read.of(file))
			uploaded()
			if err != nil {
				return err
			}
			if err := a.print(up, func() {
				fmt.Fprintf(a.out, "%s/%s version %d, %s bytes, run %.8s\n", up.Object.Bucket, up.Object.Key, up.Object.Version, count(up.Object.Content.Size), up.Run)
			}); err != nil {
				return err
			}
			if wait {
				st, err := p.follow(ctx, conn, up.Run)
				if ctx.Err() != nil {
					return a.leave(conn, up.Run)
				}
				if err != nil {
					return err
				}
				if err := a.verdict(st); err != nil {
					return err
				}
				for _, rec := range st.Steps {
					for _, n := range warnings(rec) {
						a.say("  Note    %s", n)
					}
				}
			} else if meta["target"] == "" {
				a.say("No --target is given: unless the pipeline names one, there will be no model.")
			}
			a.say("Next: %s runs show %.8s", a.name(), up.Run)
			return nil
		},
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for the run, and end with its exit code; on where no node runs")
	c.Flags().StringVarP(&target, "target", "t", "", "`COLUMN` to predict: the metadata `target` of the object")
	c.Flags().StringArrayVar(&metadata, "metadata", nil, "`KEY=VALUE` to store with the object; may be repeated")
	return c
}

// leave says of a run that is no longer waited for what becomes of it.
func (a *app) leave(c *connection, run string) error {
	if c.remote {
		a.say("the run goes on in the node. Next: %s runs show %.8s", a.name(), run)
	} else {
		a.say("interrupted: run %.8s goes on with the next %s up; %s runs cancel %.8s ends it", run, a.name(), a.name(), run)
	}
	return &coded{code: exitCancelled}
}
