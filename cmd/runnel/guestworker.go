package main

import (
	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
)

// newGuestWorker is what a node starts this program with to run WASM guests in a
// process of their own. It is not for people.
func newGuestWorker() *cobra.Command {
	return &cobra.Command{
		Use:               worker.Arg,
		Short:             "Run WASM guests for a node, which starts this",
		Hidden:            true,
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // it has no configuration
		RunE: func(*cobra.Command, []string) error {
			if code := worker.Main(); code != 0 {
				return &coded{code: code} // it has said why
			}
			return nil
		},
	}
}
