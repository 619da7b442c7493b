package module

import (
	"strings"
	"testing"
)

// good is a reactor: type () -> i32, one function, a memory, two exports.
const good = "\x00asm\x01\x00\x00\x00" +
	"\x01\x05\x01\x60\x00\x01\x7f" +
	"\x03\x02\x01\x00" +
	"\x05\x03\x01\x00\x01" +
	"\x07\x17\x02\x0arunnel_run\x00\x00\x06memory\x02\x00" +
	"\x0a\x06\x01\x04\x00\x41\x00\x0b"

func TestCheck(t *testing.T) {
	if kind, err := Check([]byte(good), Limits{}); err != nil || !kind.Reactor || kind.Initialize {
		t.Fatalf("%+v, %v", kind, err)
	}
	for i := range len(good) {
		if _, err := Check([]byte(good[:i]), Limits{}); err == nil && i < len(good)-8 {
			t.Errorf("%d of its bytes are accepted", i)
		}
	}
	for what, c := range map[string]struct {
		old, new string
		limits   Limits
		want     string
	}{
		"size":            {"", "", Limits{Size: 10}, "at most 10 are accepted"},
		"functions":       {"", "", Limits{Functions: -1}, ""},
		"version":         {"asm\x01", "asm\x02", Limits{}, "not a WebAssembly module"},
		"order":           {"\x05\x03\x01\x00\x01", "\x02\x01\x00", Limits{}, "comes after"},
		"shared memory":   {"\x05\x03\x01\x00\x01", "\x05\x04\x01\x03\x01\x01", Limits{}, "shared or of 64 bits"},
		"64 bits":         {"\x05\x03\x01\x00\x01", "\x05\x03\x01\x04\x01", Limits{}, "shared or of 64 bits"},
		"two memories":    {"\x05\x03\x01\x00\x01", "\x05\x05\x02\x00\x01\x00\x01", Limits{}, "more than one memory"},
		"memory":          {"\x05\x03\x01\x00\x01", "\x05\x03\x01\x00\x11", Limits{Memory: 1 << 20}, "begins with 1 MiB of memory"},
		"tags":            {"\x07\x17", "\x0d\x01\x00\x07\x17", Limits{}, "threads, exceptions"},
		"long number":     {"\x03\x02\x01\x00", "\x03\x06\x01\xff\xff\xff\xff\x7f", Limits{}, "too large"},
		"absent function": {"runnel_run\x00\x00", "runnel_run\x00\x01", Limits{}, "which it does not have"},
		"twice":           {"\x06memory\x02\x00", "\x0arunnel_run\x00\x00", Limits{}, "broken"},
		"name":            {"\x06memory", "\x06\xff\xff\xff\xff\xff\xff", Limits{}, "not UTF-8"},
		"struct types":    {"\x01\x60\x00\x01\x7f", "\x01\x5f\x00\x01\x7f", Limits{}, "garbage-collected"},
	} {
		_, err := Check([]byte(strings.Replace(good, c.old, c.new, 1)), c.limits)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %s", what, err, c.want)
		}
	}
}

// FuzzCheck: a module brings nothing down, and what is accepted has what a guest
// is called by.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(good[:20]))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x02\x1e\x01\x16wasi_snapshot_preview1\x03run\x00\x00"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x04\x05\x01\x70\x01\x00\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := Check(b, Limits{})
		if err == nil && !strings.Contains(string(b), "memory") {
			t.Error("accepted without a memory")
		}
	})
}
