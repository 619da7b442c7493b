package jetstream

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events/bus"
)

func TestSubject(t *testing.T) {
	for _, c := range []struct {
		filter bus.Filter
		want   string
	}{
		{bus.Filter{Type: "dev.runnel.object.created.v1"}, "runnel.ev._.dev.runnel.object.created.v1"},
		{bus.Filter{Pipeline: "churn-2_a", Type: "a"}, "runnel.ev.churn-2_a.a"},
		{bus.Filter{Pipeline: "_", Type: "a"}, "runnel.ev.%5F.a"},
		{bus.Filter{Pipeline: "a.b *>", Type: "%.ü"}, "runnel.ev.a%2Eb%20%2A%3E.%25.%C3%BC"},
		{bus.Filter{Pipeline: "p", Type: ".a..b"}, "runnel.ev.p.%.a.%.b"},
	} {
		got, err := subject("runnel.ev", c.filter)
		if err != nil || got != c.want {
			t.Errorf("%+v: %q, %v, want %q", c.filter, got, err, c.want)
		}
	}
	if s, err := subject("runnel.ev", bus.Filter{Type: strings.Repeat("a", 2000)}); err == nil {
		t.Errorf("a subject of %d bytes", len(s))
	}
}

// Different filters have different subjects, and each is one that NATS accepts
// and takes literally.
func TestSubjectIsOneToOne(t *testing.T) {
	name := rapid.OneOf(rapid.SampledFrom([]string{"", "_", "%", ".", "a", "a.b", "%5F", "*", ">"}), rapid.StringN(0, 6, -1))
	filter := rapid.Custom(func(t *rapid.T) bus.Filter {
		return bus.Filter{Pipeline: name.Draw(t, "pipeline"), Type: name.Draw(t, "type")}
	})
	rapid.Check(t, func(t *rapid.T) {
		f, g := filter.Draw(t, "f"), filter.Draw(t, "g")
		a, err := subject("x", f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := subject("x", g)
		if err != nil {
			t.Fatal(err)
		}
		if (a == b) != (f == g) {
			t.Fatalf("%+v and %+v have the subjects %s and %s", f, g, a, b)
		}
		for token := range strings.SplitSeq(a, ".") {
			if token == "" || strings.ContainsAny(token, " \t\r\n*>") {
				t.Fatalf("%+v has the subject %q", f, a)
			}
		}
	})
}
