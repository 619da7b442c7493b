// Package all lists every function, for programs that hold them all.
package all

import (
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/deploy"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/explore"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/functions/ingest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/functions/register"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/runtime/step"
)

// List is every function in the order of the chain.
func List() []*step.Function {
	return []*step.Function{
		ingest.Function, clean.Function, explore.Function, featurize.Function, tune.Function, tune.Trial, tune.Choose, train.Function,
		evaluate.Function, explain.Function, register.Function, deploy.Function, predict.Function,
	}
}

// Functions is every function by name.
func Functions() map[string]*step.Function {
	m := map[string]*step.Function{}
	for _, f := range List() {
		m[f.Name] = f
	}
	return m
}
