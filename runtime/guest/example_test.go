package guest_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest"
	"github.com/runnel-dev/runnel/runtime/step"
)

// params are the step's, with their defaults and bounds.
type params struct {
	Threshold float64 `json:"threshold" default:"3" min:"0" doc:"standard deviations"`
}

// count is a step: it says how large a dataset is.
var count = step.New("count", func(ctx context.Context, call *step.Call, p params) error {
	in, err := events.Data[events.DatasetCleanedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	t, _, err := call.Dataset(ctx, in.Dataset)
	if err != nil {
		return err
	}
	call.Note("%d rows, %d columns", t.Rows(), len(t.Columns))
	return call.Emit(in)
}, step.Accepts(events.DatasetCleaned), step.Emits(events.DatasetCleaned))

// In a guest this stands in an init function, beside an empty main.
func Example() {
	guest.For(count)
	fmt.Println(count.Name, "answers", count.Accepts)
	// Output: count answers [dev.runnel.dataset.cleaned.v1]
}
