package featurize_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// TestNoTarget ends the chain without reading the table: there is none here.
func TestNoTarget(t *testing.T) {
	absent := events.Ref{Digest: "sha256:absent", MediaType: events.MediaDataset, Size: 1}
	res := steptest.New(t).Invoke(t, featurize.Function, events.DatasetCleanedData{
		Dataset: events.Dataset{Name: "d", Manifest: absent}, Transformers: absent,
	}, nil)
	if len(res.Events) > 0 || len(res.Notes) != 1 || !strings.Contains(res.Notes[0], "no target column is known") {
		t.Errorf("%d events, notes %q", len(res.Events), res.Notes)
	}
}
