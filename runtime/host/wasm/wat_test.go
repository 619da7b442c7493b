package wasm

import "encoding/binary"

// A wat builds modules by hand, section by section.
type wat struct {
	types, imports, functions, tables, memories, exports, start, codes [][]byte
}

// The types of values, and some instructions.
const (
	i32         = 0x7f
	unreachable = 0x00
	loop        = 0x03
	br          = 0x0c
	end         = 0x0b
	call        = 0x10
	drop        = 0x1a
	i32Const    = 0x41
	empty       = 0x40
)

func leb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func name(s string) []byte { return append(leb(len(s)), s...) }

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// fn adds a function and gives its number; imports come first.
func (w *wat) fn(params, results []byte, body ...byte) int {
	w.functions = append(w.functions, leb(w.typ(params, results)))
	code := cat([]byte{0}, body, []byte{end})
	w.codes = append(w.codes, cat(leb(len(code)), code))
	return len(w.imports) + len(w.functions) - 1
}

func (w *wat) typ(params, results []byte) int {
	w.types = append(w.types, cat([]byte{0x60}, leb(len(params)), params, leb(len(results)), results))
	return len(w.types) - 1
}

func (w *wat) imported(from, what string, params, results []byte) int {
	w.imports = append(w.imports, cat(name(from), name(what), []byte{0}, leb(w.typ(params, results))))
	return len(w.imports) - 1
}

func (w *wat) export(what string, kind byte, n int) {
	w.exports = append(w.exports, cat(name(what), []byte{kind}, leb(n)))
}

// memory adds an exported memory of so many pages.
func (w *wat) memory(pages int) {
	w.memories = append(w.memories, cat([]byte{0}, leb(pages)))
	w.export("memory", 2, 0)
}

func (w *wat) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, content []byte) {
		out = append(out, cat([]byte{id}, leb(len(content)), content)...)
	}
	for _, s := range []struct {
		id    byte
		items [][]byte
	}{{1, w.types}, {2, w.imports}, {3, w.functions}, {4, w.tables}, {5, w.memories}, {7, w.exports}} {
		if len(s.items) > 0 {
			section(s.id, cat(leb(len(s.items)), cat(s.items...)))
		}
	}
	if len(w.start) > 0 {
		section(8, w.start[0])
	}
	if len(w.codes) > 0 {
		section(10, cat(leb(len(w.codes)), cat(w.codes...)))
	}
	return out
}

// reactor is a module whose runnel_run has a body.
func reactor(body ...byte) *wat {
	w := &wat{}
	w.export("runnel_run", 0, w.fn(nil, []byte{i32}, body...))
	w.memory(1)
	return w
}
