package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// Hosts lists the names of hosts.
func Hosts() []string {
	fields := schema.Of[Spec]().Fields
	return fields[slices.IndexFunc(fields, func(f schema.Field) bool { return f.Name == "host" })].Enum
}

// WithHost is the pipeline with all of its steps in that host, but for those
// whose functions are WASM modules.
func (p *Pipeline) WithHost(host string, functions Functions) (*Pipeline, error) {
	if !slices.Contains(Hosts(), host) {
		return nil, fmt.Errorf("no host %q%s (there are: %s)", host, nearest.Hint(host, Hosts()), strings.Join(Hosts(), ", "))
	}
	spec := p.Spec
	spec.Host, spec.Steps = host, slices.Clone(spec.Steps)
	for i, s := range p.Steps {
		if s.Fn.Module.IsZero() {
			spec.Steps[i].Host = host
		}
	}
	return FromSpec(spec, functions)
}

// WithSeed is the pipeline with another seed.
func (p *Pipeline) WithSeed(seed uint64, functions Functions) (*Pipeline, error) {
	spec := p.Spec
	spec.Seed = seed
	return FromSpec(spec, functions)
}
