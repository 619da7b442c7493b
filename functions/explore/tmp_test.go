package explore

import (
	"os"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

func TestTmp(t *testing.T) {
	for _, c := range [][2]string{{"penguins", "species"}, {"flights", "late"}} {
		env := steptest.New(t)
		ds := env.Dataset(t, events.Dataset{Name: c[0], Target: c[1]}, load(t, c[0]), nil)
		s := time.Now()
		res := env.Invoke(t, Function, events.DatasetIngestedData{Dataset: ds}, nil)
		out := steptest.Emitted[events.DatasetExploredData](t, res, 0)
		html := env.Bytes(t, out.Report)
		t.Log(c[0], time.Since(s), len(html), out.Profile.Size)
		os.WriteFile("/tmp/prev/"+c[0]+".html", html, 0o644)
	}
}
