package module

import (
	"errors"
	"fmt"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
)

// A reader reads a part of a module and remembers its first error.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.b) }

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	if r.at >= len(r.b) {
		r.err = fmt.Errorf("it ends at byte %d in the middle of something", r.at)
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

// uleb reads an unsigned LEB128 number of at most so many bits.
func (r *reader) uleb(bits uint) uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b := r.byte()
		if r.err != nil {
			return 0
		}
		if shift+7 > bits && uint64(b&0x7f)>>(bits-shift) != 0 || shift >= bits {
			r.err = fmt.Errorf("the number that ends at byte %d is too large", r.at)
			return 0
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func (r *reader) u32() uint32 { return uint32(r.uleb(32)) }

// count reads the number of things that follow, each of a byte or more.
func (r *reader) count() int {
	n := r.u32()
	if r.err == nil && uint64(n) > uint64(len(r.b)-r.at) {
		r.err = fmt.Errorf("%d things at byte %d where %d bytes are left", n, r.at, len(r.b)-r.at)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// section reads what is to be known of a section; the rest the compiler reads.
func (c *checker) section(id byte, r *reader) {
	switch id {
	case 1:
		c.typeSection(r)
	case 2:
		c.importSection(r)
	case 3:
		n := r.count()
		if len(c.functions)+n > c.limits.Functions {
			c.refuse("the module has %d functions, at most %d are accepted", len(c.functions)+n, c.limits.Functions)
			return
		}
		for range n {
			c.functions = append(c.functions, r.u32())
		}
	case 4:
		for range r.count() {
			c.table(r)
		}
	case 5:
		for range r.count() {
			c.memory(r)
		}
	case 6:
		if n := r.count(); n > c.limits.Globals {
			c.refuse("the module has %d globals, at most %d are accepted", n, c.limits.Globals)
		}
	case 7:
		for range r.count() {
			name := r.name()
			e := export{kind: r.byte(), index: r.u32()}
			if r.err != nil {
				return
			}
			if _, twice := c.exports[name]; twice {
				r.err = fmt.Errorf("%q is exported twice", name)
				return
			}
			c.exports[name] = e
		}
	case 0, 8, 9, 10, 11, 12:
	default:
		c.refuse("the module has a section %d: it was built for a feature that is not supported here (threads, exceptions, ...)", id)
	}
}

func (c *checker) typeSection(r *reader) {
	for range r.count() {
		if form := r.byte(); form != 0x60 {
			c.refuse("the module has a type of form %#x: garbage-collected types are not supported", form)
			return
		}
		var s signature
		for _, part := range []*string{&s.params, &s.results} {
			n := r.count()
			if r.err != nil {
				return
			}
			*part = string(r.b[r.at : r.at+n])
			r.at += n
		}
		c.types = append(c.types, s)
	}
}

func (c *checker) importSection(r *reader) {
	for range r.count() {
		from, name := r.name(), r.name()
		kind := r.byte()
		if r.err != nil {
			return
		}
		if from != abi.AllowedImport {
			c.refuse("the module imports %q of %q, only %s is there: see docs/guest-abi.md", name, from, abi.AllowedImport)
			return
		}
		if kind != function {
			c.refuse("the module imports %q of %s as something else than a function", name, from)
			return
		}
		c.functions = append(c.functions, r.u32())
	}
}

// table reads a table and counts the entries that it begins with.
func (c *checker) table(r *reader) {
	if kind := r.byte(); kind != 0x70 && kind != 0x6f {
		c.refuse("the module has a table of kind %#x", kind)
		r.at = len(r.b)
		return
	}
	low, _, _ := r.limits()
	c.entries += low
	if c.entries > uint64(c.limits.Tables) {
		c.refuse("the module's tables begin with %d entries, at most %d are accepted", c.entries, c.limits.Tables)
	}
}

const pageSize = 64 << 10

func (c *checker) memory(r *reader) {
	low, flags, _ := r.limits()
	if r.err != nil {
		return
	}
	if c.memories++; c.memories > 1 {
		c.refuse("the module has more than one memory")
	}
	if flags > 1 {
		c.refuse("the module has a memory that is shared or of 64 bits: build for wasm32 without threads")
	}
	if low > uint64(c.limits.Memory/pageSize) {
		c.refuse("the module begins with %d MiB of memory, at most %d MiB are accepted", low/16, c.limits.Memory>>20)
	}
}

// limits reads the least and the most of a table or a memory.
func (r *reader) limits() (low uint64, flags byte, high uint64) {
	flags = r.byte()
	if flags > 7 {
		r.err = errors.New("limits of an unknown kind")
	}
	low = r.uleb(64)
	if flags&1 != 0 {
		high = r.uleb(64)
	}
	return low, flags, high
}
