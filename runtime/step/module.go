package step

import (
	"context"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// A Definition describes a function that is no part of this program: a WASM
// module that a user brings. It travels in the pipeline that uses it.
type Definition struct {
	Name    string         `json:"name"`
	Doc     string         `json:"description,omitempty"`
	Accepts []string       `json:"accepts"`        // event types, in full
	Emits   []string       `json:"emits"`          // event types, in full
	Uses    []string       `json:"uses,omitempty"` // what it is granted: UsesNetwork, UsesModels
	Params  []schema.Field `json:"params,omitempty"`
	Module  events.Ref     `json:"module"`
}

// What a module can be granted beside the artifacts of its events.
const (
	UsesNetwork = "network" // it may fetch
	UsesModels  = "models"  // it may read and change the model registry
)

// Function is the function that the module implements. Only a host of guests
// can run it.
func (d Definition) Function() *Function {
	s := &schema.Schema{Fields: d.Params}
	return &Function{
		Name: d.Name, Doc: d.Doc, Accepts: d.Accepts, Emits: d.Emits, Params: s, Uses: d.Uses, Module: d.Module,
		Effect: slices.Contains(d.Uses, UsesModels) || slices.Contains(d.Uses, UsesNetwork),
		run: func(context.Context, *Call) error {
			return Permanent(fmt.Errorf("function %s is a WASM module, which this host cannot run: give its step host: wasm", d.Name))
		},
		check: func(params map[string]any) error {
			if errs := s.Check(params); len(errs) > 0 {
				return errs[0]
			}
			return nil
		},
	}
}
