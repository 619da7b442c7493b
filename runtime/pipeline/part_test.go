package pipeline_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// A part is the pipeline itself as far as the program's own step goes.
func TestPart(t *testing.T) {
	p, err := pipeline.Default(all.Functions())
	if err != nil {
		t.Fatal(err)
	}
	text, err := pipeline.Pack(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 3000 { // sam.Render leaves the rest of a Lambda's 4096 to the other variables
		t.Errorf("the default pipeline takes %d characters: its template could not hold it", len(text))
	}
	spec, err := pipeline.Unpack(text)
	if err != nil {
		t.Fatal(err)
	}
	part, err := pipeline.Part(spec, pipeline.Functions{"train": train.Function})
	if err != nil {
		t.Fatal(err)
	}
	if part.Version != p.Version {
		t.Errorf("version %s, want %s", part.Version, p.Version)
	}
	if p, err = pipeline.FromSpec(p.Spec, all.Functions()); err != nil {
		t.Fatal(err)
	}
	for _, s := range part.Steps {
		whole := p.Step(s.Name)
		if s.Name == "train" && s.Fn != train.Function {
			t.Error("train is not bound to its function")
		}
		if s.Timeout != whole.Timeout || s.Backoff != whole.Backoff || s.MaxWait != whole.MaxWait || !reflect.DeepEqual(s.Step, whole.Step) {
			t.Errorf("step %s is %+v, want %+v", s.Name, s.Step, whole.Step)
		}
	}
	part.Roots() // which steps without a function have none of
}

func TestUnpackWhatIsNotPacked(t *testing.T) {
	for _, text := range []string{"", "%", "AAAA", strings.Repeat("A", 100)} {
		if _, err := pipeline.Unpack(text); err == nil {
			t.Errorf("Unpack(%q) gives no error", text)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	p, err := pipeline.Default(all.Functions())
	if err != nil {
		f.Fatal(err)
	}
	text, err := pipeline.Pack(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text string) {
		if spec, err := pipeline.Unpack(text); err == nil {
			_, _ = pipeline.Part(spec, nil)
		}
	})
}
