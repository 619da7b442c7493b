package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newPut(a *app) *cobra.Command {
	var target string
	var metadata []string
	c := &cobra.Command{
		Use:   "put FILE BUCKET[/KEY]",
		Short: "Upload a file, which starts the pipelines that it triggers",
		Long: `Upload a file to the node that runs in the folder. The pipelines whose trigger
matches start once the upload is whole and durable. Where no node runs, the
folder is opened here and the pipelines run to their end. FILE may be - for
standard input.`,
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
			var r io.Reader = os.Stdin
			if args[0] != "-" {
				f, err := openTable(args[0])
				if err != nil {
					return usage(err)
				}
				if f == nil {
					return usage(fmt.Errorf("%s is a directory: upload its files one by one, or use `runnel run`", args[0]))
				}
				defer f.Close()
				r = f
			}
			conn, err := a.connect(ctx, working)
			if err != nil {
				return err
			}
			defer conn.close()
			up, err := conn.Put(ctx, bucket, key, mediaTypeOf(key), meta, r)
			if err != nil {
				return err
			}
			if err := a.print(up, func() {
				fmt.Fprintf(a.out, "%s/%s version %d, %s bytes, run %.8s\n", up.Object.Bucket, up.Object.Key, up.Object.Version, count(up.Object.Content.Size), up.Run)
			}); err != nil {
				return err
			}
			if !conn.remote {
				st, err := a.newProgress(bucket+"/"+key, meta["target"]).follow(ctx, conn, up.Run)
				if err != nil {
					return err
				}
				if err := a.verdict(st); err != nil {
					return err
				}
			}
			a.say("Next: %s runs show %.8s", a.name(), up.Run)
			return nil
		},
	}
	c.Flags().StringVarP(&target, "target", "t", "", "column to predict: the metadata `target` of the object")
	c.Flags().StringArrayVar(&metadata, "metadata", nil, "key=value to store with the object; may be repeated")
	return c
}
