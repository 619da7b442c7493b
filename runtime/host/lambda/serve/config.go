package serve

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/runtime/step"
)

// The environment variables that say what the function works on.
const (
	EnvStore      = "RUNNEL_STORE"      // where the store is, such as s3://bucket?prefix=store/
	EnvBus        = "RUNNEL_BUS"        // name of the EventBridge bus that events are published to
	EnvPipeline   = "RUNNEL_PIPELINE"   // the pipeline's name@version
	EnvDefinition = "RUNNEL_DEFINITION" // its definition, packed; "": the store has it
	EnvStep       = "RUNNEL_STEP"       // the step that the function is; "": that of its name
	EnvPrivate    = "RUNNEL_ALLOW_PRIVATE_URLS"
)

// settings are what the environment says.
type settings struct {
	store, bus, step string
	name, version    string // of the pipeline
	definition       string
	private          bool
}

func settingsOf(fn *step.Function, getenv func(string) string) settings {
	c := settings{
		store: getenv(EnvStore), bus: getenv(EnvBus), definition: getenv(EnvDefinition),
		step: cmp.Or(getenv(EnvStep), fn.Name), private: getenv(EnvPrivate) != "",
	}
	c.name, c.version, _ = strings.Cut(getenv(EnvPipeline), "@")
	return c
}

// needs says which variables are missing of those that are needed.
func needs(what string, values map[string]string, order ...string) error {
	var missing []string
	for _, name := range order {
		if values[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s: the environment variables %s are not set: the template of `runnel pipeline sam` sets them", what, strings.Join(missing, ", "))
}

// asStep says whether the function can answer events as a step.
func (c settings) asStep() error {
	err := needs("answering events as step "+c.step, map[string]string{EnvStore: c.store, EnvBus: c.bus, EnvPipeline: c.name}, EnvStore, EnvBus, EnvPipeline)
	if err == nil && c.version == "" {
		err = errors.New(EnvPipeline + " is " + c.name + ": want name@version")
	}
	return err
}
