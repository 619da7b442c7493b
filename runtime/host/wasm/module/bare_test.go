package module

import (
	"bytes"
	"testing"

	"github.com/tetratelabs/wazero"
)

func TestBare(t *testing.T) {
	const named = "\x00\x05\x04name"
	module := good + named + "\x00\x0a\x09.debug_abc"[:12]
	b := Bare([]byte(module))
	if want := good[:len(good)-8] + "\x0a\x05\x01" + bareBody + named; string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
}

// FuzzBare: a module that can be run is one without its code, too, that is
// called by the same and begins with the same memory.
func FuzzBare(f *testing.F) {
	f.Add(withData(at(10, "abc"), at(100, "e")))
	f.Add([]byte(good))
	f.Add([]byte(good + "\x00\x05\x04name"))
	f.Add([]byte(good[:20]))
	f.Fuzz(func(t *testing.T, b []byte) {
		bare := Bare(b)
		kind, err := Check(b, Limits{Memory: 1 << 20})
		if err != nil {
			return
		}
		if again, err := Check(bare, Limits{Memory: 1 << 20}); err != nil || again != kind {
			t.Fatalf("%+v is %+v, %v", kind, again, err)
		}
		if !bytes.Equal(Bare(bare), bare) {
			t.Error("it is not bare")
		}
		ctx := t.Context()
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(16))
		defer r.Close(ctx)
		whole, err := r.CompileModule(ctx, b)
		if err != nil {
			return
		}
		without, err := r.CompileModule(ctx, bare)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := len(whole.ExportedFunctions()), len(without.ExportedFunctions()); a != b {
			t.Errorf("%d functions, want %d", b, a)
		}
	})
}
