// Package module checks a WASM module before anything else looks at it: what it
// imports and exports, and how much it declares. It reads the sections of the
// binary format, not the code; the compiler validates that.
//
// Format: https://webassembly.github.io/spec/core/binary/modules.html
package module

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
)

// A Kind is how a module is run.
type Kind struct {
	Reactor    bool // it is called for each event; else it is a command, started anew
	Initialize bool // it has an _initialize, which is called before
}

// Limits bound what a module declares. Zero values are the defaults.
type Limits struct {
	Size      int64 // bytes of the module; default 64 MiB
	Memory    int64 // bytes that it starts with; default abi.MaxMemory
	Functions int   // default 200,000
	Tables    int   // entries of its tables; default 1,000,000
	Globals   int   // default 10,000
}

func (l Limits) complete() Limits {
	for _, d := range []struct {
		field *int64
		value int64
	}{{&l.Size, 64 << 20}, {&l.Memory, abi.MaxMemory}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Functions, 200_000}, {&l.Tables, 1_000_000}, {&l.Globals, 10_000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// MaxSize is the default limit of a module's bytes.
const MaxSize = 64 << 20

// Check says how a module is run, or why it is not.
func Check(b []byte, limits Limits) (Kind, error) {
	c := checker{limits: limits.complete(), exports: map[string]export{}}
	if int64(len(b)) > c.limits.Size {
		return Kind{}, fmt.Errorf("the module has %d bytes, at most %d are accepted", len(b), c.limits.Size)
	}
	if !bytes.HasPrefix(b, []byte("\x00asm\x01\x00\x00\x00")) {
		return Kind{}, errors.New("not a WebAssembly module, version 1: build for wasm32-wasip1 (GOOS=wasip1 GOARCH=wasm)")
	}
	r := &reader{b: b, at: 8}
	last := byte(0)
	for r.more() {
		id := r.byte()
		size := r.u32()
		start := r.at
		if r.err == nil && uint64(size) > uint64(len(b)-start) {
			r.err = fmt.Errorf("section %d has %d bytes where %d are left", id, size, len(b)-start)
		}
		if r.err != nil {
			break
		}
		end := start + int(size)
		if id != 0 {
			if rank(id) <= rank(last) {
				return Kind{}, fmt.Errorf("the module is broken: section %d at byte %d comes after section %d", id, start, last)
			}
			last = id
		}
		s := &reader{b: b[:end], at: start}
		c.section(id, s)
		if s.err != nil {
			return Kind{}, fmt.Errorf("the module is broken: section %d: %w", id, s.err)
		}
		r.at = end
	}
	if r.err != nil {
		return Kind{}, fmt.Errorf("the module is broken: %w", r.err)
	}
	if c.refused != nil {
		return Kind{}, c.refused
	}
	return c.kind()
}

// rank is the place of a section: 12, the number of data segments, comes before
// 10, the code; 13, the tags, after 5.
func rank(id byte) int {
	switch id {
	case 12:
		return 19
	case 13:
		return 11
	}
	return int(id) * 2
}

// The kinds of imports and exports.
const (
	function = iota
	tableKind
	memory
	global
)

type export struct {
	kind  byte
	index uint32
}

type signature struct{ params, results string }

type checker struct {
	limits    Limits
	types     []signature
	functions []uint32 // the type of each, imported ones first
	memories  int
	entries   uint64 // of tables
	exports   map[string]export
	refused   error // what is well formed and not accepted
}

func (c *checker) refuse(format string, args ...any) {
	if c.refused == nil {
		c.refused = fmt.Errorf(format, args...)
	}
}

func (c *checker) kind() (Kind, error) {
	m, ok := c.exports[abi.MemoryExport]
	if !ok || m.kind != memory {
		return Kind{}, errors.New("the module exports no memory of that name: the host reads and writes it")
	}
	run, reactor := c.exports[abi.RunExport]
	start, command := c.exports[abi.StartExport]
	initialize, has := c.exports[abi.InitExport]
	switch {
	case reactor:
		if err := c.is(abi.RunExport, run, signature{"", "\x7f"}); err != nil {
			return Kind{}, err
		}
		if has {
			if err := c.is(abi.InitExport, initialize, signature{}); err != nil {
				return Kind{}, err
			}
		}
		return Kind{Reactor: true, Initialize: has}, nil
	case command:
		return Kind{}, c.is(abi.StartExport, start, signature{})
	}
	return Kind{}, fmt.Errorf("the module exports neither %s (a command) nor %s (a reactor): build a program for WASI, in Go with -buildmode=c-shared and a //go:wasmexport %s", abi.StartExport, abi.RunExport, abi.RunExport)
}

// is checks the signature of an exported function.
func (c *checker) is(name string, e export, want signature) error {
	if e.kind != function {
		return fmt.Errorf("the module's export %s is not a function", name)
	}
	if int(e.index) >= len(c.functions) || int(c.functions[e.index]) >= len(c.types) {
		return fmt.Errorf("the module's export %s is function %d, which it does not have", name, e.index)
	}
	if got := c.types[c.functions[e.index]]; got != want {
		return fmt.Errorf("the module's function %s is %v, want %v", name, got, want)
	}
	return nil
}

func (s signature) String() string {
	return "(" + names(s.params) + ") -> (" + names(s.results) + ")"
}

func names(types string) string {
	out := ""
	for i := range len(types) {
		if i > 0 {
			out += ", "
		}
		switch types[i] {
		case 0x7f:
			out += "i32"
		case 0x7e:
			out += "i64"
		case 0x7d:
			out += "f32"
		case 0x7c:
			out += "f64"
		default:
			out += fmt.Sprintf("%#x", types[i])
		}
	}
	return out
}

// name reads a name, which is UTF-8.
func (r *reader) name() string {
	n := r.u32()
	if r.err == nil && uint64(n) > uint64(len(r.b)-r.at) {
		r.err = fmt.Errorf("a name of %d bytes at byte %d where %d are left", n, r.at, len(r.b)-r.at)
	}
	if r.err != nil {
		return ""
	}
	s := string(r.b[r.at : r.at+int(n)])
	r.at += int(n)
	if !utf8.ValidString(s) {
		r.err = fmt.Errorf("a name before byte %d is not UTF-8", r.at)
	}
	return s
}
