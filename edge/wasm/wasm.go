// Package wasm writes WebAssembly modules in the binary format of the core
// specification, version 1 with the saturating conversions
// (https://www.w3.org/TR/wasm-core-2/, chapter 5): what a compiler of models
// needs, and no more. It does not validate: whoever runs the module does.
package wasm

import (
	"encoding/binary"
	"math"
)

// A Type is a value's type.
type Type byte

// The types.
const (
	I32 Type = 0x7f
	F64 Type = 0x7c
)

// An Op is an instruction without immediate operands.
type Op byte

// The instructions.
const (
	I32Eqz Op = 0x45
	I32LtS Op = 0x48
	I32LtU Op = 0x49
	I32GtS Op = 0x4a
	I32GtU Op = 0x4b
	I32Add Op = 0x6a
	I32Sub Op = 0x6b
	I32And Op = 0x71
	I32Shl Op = 0x74
	I32ShU Op = 0x76

	I64ExtendS Op = 0xac // of an i32
	I64Shl     Op = 0x86

	F64Ne       Op = 0x62
	F64Lt       Op = 0x63
	F64Gt       Op = 0x64
	F64Ge       Op = 0x66
	F64Neg      Op = 0x9a
	F64Add      Op = 0xa0
	F64Sub      Op = 0xa1
	F64Mul      Op = 0xa2
	F64Div      Op = 0xa3
	F64Max      Op = 0xa5
	F64CopySign Op = 0xa6
	F64FromI32  Op = 0xb7 // converts
	F64FromBits Op = 0xbf // of an i64

	Select      Op = 0x1b
	Return      Op = 0x0f
	Unreachable Op = 0x00
)

// A Module is a module being written: one memory, functions, data, constants.
type Module struct {
	pages   uint32
	funcs   []*Func
	globals []global
	data    []segment
}

type global struct {
	name  string
	value int32
}

type segment struct {
	address uint32
	bytes   []byte
}

// PageSize is the unit of memory.
const PageSize = 1 << 16

// New starts a module whose memory, exported as "memory", holds size bytes and
// never grows.
func New(size uint32) *Module {
	return &Module{pages: uint32((uint64(size) + PageSize - 1) / PageSize)}
}

// Const exports an i32 constant.
func (m *Module) Const(name string, value uint32) {
	m.globals = append(m.globals, global{name, int32(value)})
}

// Data puts bytes into the memory at an address.
func (m *Module) Data(address uint32, bytes []byte) {
	m.data = append(m.data, segment{address, bytes})
}

// Func adds a function; with a name it is exported. Its parameters are its first
// locals.
func (m *Module) Func(name string, params, results []Type) *Func {
	f := &Func{name: name, params: params, results: results, index: uint32(len(m.funcs))}
	m.funcs = append(m.funcs, f)
	return f
}

// Bytes is the module in the binary format.
func (m *Module) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, n int, entries []byte) {
		if n == 0 {
			return
		}
		body := append(unsigned(nil, uint64(n)), entries...)
		out = append(out, id)
		out = append(unsigned(out, uint64(len(body))), body...)
	}
	var types, funcs, globals, exports, code, data []byte
	export := func(name string, kind byte, index int) {
		exports = append(unsigned(exports, uint64(len(name))), name...)
		exports = unsigned(append(exports, kind), uint64(index))
	}
	exported := 1
	export("memory", 2, 0)
	for i, f := range m.funcs {
		types = append(types, 0x60)
		for _, of := range [][]Type{f.params, f.results} {
			types = unsigned(types, uint64(len(of)))
			for _, t := range of {
				types = append(types, byte(t))
			}
		}
		funcs = unsigned(funcs, uint64(i)) // each has a type of its own
		if f.name != "" {
			export(f.name, 0, i)
			exported++
		}
		body := f.body()
		code = append(unsigned(code, uint64(len(body))), body...)
	}
	for i, g := range m.globals {
		globals = append(globals, byte(I32), 0, 0x41)
		globals = append(signed(globals, int64(g.value)), 0x0b)
		export(g.name, 3, i)
		exported++
	}
	for _, s := range m.data {
		data = append(data, 0, 0x41)
		data = append(signed(data, int64(int32(s.address))), 0x0b)
		data = append(unsigned(data, uint64(len(s.bytes))), s.bytes...)
	}
	section(1, len(m.funcs), types)
	section(3, len(m.funcs), funcs)
	section(5, 1, unsigned(unsigned([]byte{1}, uint64(m.pages)), uint64(m.pages)))
	section(6, len(m.globals), globals)
	section(7, exported, exports)
	section(10, len(m.funcs), code)
	section(11, len(m.data), data)
	return out
}

// A Func is a function being written, instruction by instruction.
type Func struct {
	name            string
	params, results []Type
	locals          []Type
	code            []byte
	index           uint32
}

// A Local is a variable of a function.
type Local uint32

// Local adds a variable, which starts as zero.
func (f *Func) Local(t Type) Local {
	f.locals = append(f.locals, t)
	return Local(len(f.params) + len(f.locals) - 1)
}

// Do writes instructions.
func (f *Func) Do(ops ...Op) {
	for _, op := range ops {
		f.code = append(f.code, byte(op))
	}
}

// Get puts a local on the stack.
func (f *Func) Get(l Local) { f.with(0x20, uint64(l)) }

// Set takes a local from the stack.
func (f *Func) Set(l Local) { f.with(0x21, uint64(l)) }

// Tee sets a local, and leaves the value on the stack.
func (f *Func) Tee(l Local) { f.with(0x22, uint64(l)) }

// Int puts a constant on the stack.
func (f *Func) Int(v uint32) { f.code = signed(append(f.code, 0x41), int64(int32(v))) }

// Long puts an i64 constant on the stack.
func (f *Func) Long(v int64) { f.code = signed(append(f.code, 0x42), v) }

// Float puts a constant on the stack.
func (f *Func) Float(v float64) {
	f.code = binary.LittleEndian.AppendUint64(append(f.code, 0x44), math.Float64bits(v))
}

// LoadInt takes an address, and puts there the i32 offset bytes behind it.
func (f *Func) LoadInt(offset uint32) { f.memory(0x28, 2, offset) }

// LoadFloat takes an address, and puts there the f64 offset bytes behind it.
func (f *Func) LoadFloat(offset uint32) { f.memory(0x2b, 3, offset) }

// LoadByte takes an address, and puts there the byte offset bytes behind it.
func (f *Func) LoadByte(offset uint32) { f.memory(0x2d, 0, offset) }

// StoreFloat takes an address and a value.
func (f *Func) StoreFloat(offset uint32) { f.memory(0x39, 3, offset) }

// Truncate turns an f64 into the i32 nearest to zero from it; of what has none,
// the nearest there is, and 0 of no number.
func (f *Func) Truncate() { f.code = append(f.code, 0xfc, 0x02) }

// Block runs its content; LeaveIf(0) in it goes behind it.
func (f *Func) Block(content func()) { f.nest(0x02, content) }

// Loop runs its content once; AgainIf(0) in it starts it anew.
func (f *Func) Loop(content func()) { f.nest(0x03, content) }

// If takes a condition, and runs its content where that is not 0.
func (f *Func) If(content func()) { f.nest(0x04, content) }

// LeaveIf takes a condition, and ends the block so many levels out.
func (f *Func) LeaveIf(levels uint64) { f.with(0x0d, levels) }

// AgainIf takes a condition, and starts the loop so many levels out anew.
func (f *Func) AgainIf(levels uint64) { f.with(0x0d, levels) }

// Call calls a function of the module.
func (f *Func) Call(g *Func) { f.with(0x10, uint64(g.index)) }

func (f *Func) with(op byte, operand uint64) { f.code = unsigned(append(f.code, op), operand) }

func (f *Func) memory(op, align byte, offset uint32) {
	f.code = unsigned(append(f.code, op, align), uint64(offset))
}

func (f *Func) nest(op byte, content func()) {
	f.code = append(f.code, op, 0x40)
	content()
	f.code = append(f.code, 0x0b)
}

func (f *Func) body() []byte {
	out := unsigned(nil, uint64(len(f.locals)))
	for _, t := range f.locals {
		out = append(out, 1, byte(t))
	}
	return append(append(out, f.code...), 0x0b)
}

// unsigned appends in LEB128, as signed does.
func unsigned(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func signed(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}
