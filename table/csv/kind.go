package csv

import "github.com/runnel-dev/runnel/table"

// A class is what the values of a column, as far as seen, can be. Classes form
// a semilattice: join is associative, commutative and idempotent, so the class
// of a column does not depend on how the file was cut or on the order of work.
//
//	none < int < wide < float < text;  none < bool < text;  none < time < text
type class struct {
	kind  classKind
	forms uint8 // float: decimal marks seen; time: layouts that fit every value
}

type classKind uint8

const (
	none  classKind = iota // no value yet
	intK                   // integers within int64
	wide                   // integers, some beyond int64
	float                  // numbers
	boolK                  // true, false
	timeK                  // dates and times
	text                   // anything else
)

// Decimal marks, the forms of float.
const (
	pointMark uint8 = 1 << iota
	commaMark
)

func (c class) numeric() bool { return c.kind >= intK && c.kind <= float }

func join(a, b class) class {
	switch {
	case a.kind == none:
		return b
	case b.kind == none:
		return a
	case a.numeric() && b.numeric():
		forms := a.forms | b.forms
		if forms == pointMark|commaMark {
			return class{kind: text}
		}
		return class{max(a.kind, b.kind), forms}
	case a.kind == timeK && b.kind == timeK && common(a.forms, b.forms) != 0:
		return class{timeK, common(a.forms, b.forms)}
	case a.kind == boolK && b.kind == boolK:
		return a
	}
	return class{kind: text}
}

// storage is the kind of column that values of the class are kept in while the
// file is read. Integers beyond int64 are kept as text.
func (c class) storage() table.Kind {
	switch c.kind {
	case intK:
		return table.Int64
	case none, float:
		return table.Float64
	case boolK:
		return table.Bool
	case timeK:
		return table.Time
	}
	return table.String
}

// pack and unpack carry a class in one atomic word.
func (c class) pack() uint32     { return uint32(c.kind)<<8 | uint32(c.forms) }
func unpackClass(w uint32) class { return class{classKind(w >> 8), uint8(w)} }
func fixedClass(k table.Kind) class {
	switch k {
	case table.Int64:
		return class{kind: intK}
	case table.Float64:
		return class{kind: float}
	case table.Bool:
		return class{kind: boolK}
	case table.Time:
		return class{timeK, anyForm}
	}
	return class{kind: text}
}
