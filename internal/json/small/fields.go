package small

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
)

// Marshaler is encoding/json's.
type Marshaler interface{ MarshalJSON() ([]byte, error) }

// Unmarshaler is encoding/json's.
type Unmarshaler interface{ UnmarshalJSON(b []byte) error }

// RawMessage is JSON as it stands.
type RawMessage []byte

// MarshalJSON implements Marshaler.
func (m RawMessage) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("null"), nil
	}
	return m, nil
}

// UnmarshalJSON implements Unmarshaler.
func (m *RawMessage) UnmarshalJSON(b []byte) error {
	*m = append((*m)[:0], b...)
	return nil
}

type zeroer interface{ IsZero() bool }

// A field is one of a struct, or of one that is embedded in it.
type field struct {
	name      string
	index     []int
	tagged    bool
	omitEmpty bool
	omitZero  bool
	quoted    bool // ,string
}

// A kind is what there is to know of a type. Methods of a pointer to it count
// where a value has an address.
type kind struct {
	marshaler, ptrMarshaler bool
	texter, ptrTexter       bool
	fields                  []field
}

// kinds keeps what was found out of types: the same for whoever asks.
var kinds sync.Map // reflect.Type to *kind

var (
	marshalerType = reflect.TypeFor[Marshaler]()
	texterType    = reflect.TypeFor[encoding.TextMarshaler]()
	readerType    = reflect.TypeFor[encoding.TextUnmarshaler]()
	zeroerType    = reflect.TypeFor[zeroer]()
)

func kindOf(t reflect.Type) *kind {
	if k, ok := kinds.Load(t); ok {
		return k.(*kind)
	}
	k := &kind{marshaler: t.Implements(marshalerType), texter: t.Implements(texterType)}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		ptr := reflect.PointerTo(t)
		k.ptrMarshaler, k.ptrTexter = ptr.Implements(marshalerType), ptr.Implements(texterType)
	}
	if t.Kind() == reflect.Struct {
		k.fields = fieldsOf(t)
	}
	kinds.Store(t, k)
	return k
}

// fieldsOf lists the fields of a struct by Go's rules for embedding: of several
// of a name the one that is least deep counts, of several there the one with a tag.
func fieldsOf(t reflect.Type) []field {
	type level struct {
		t     reflect.Type
		index []int
	}
	var all []field
	seen := map[reflect.Type]bool{}
	for now := []level{{t, nil}}; len(now) > 0; {
		var next []level
		for _, l := range now {
			if seen[l.t] {
				continue
			}
			seen[l.t] = true
			for i := range l.t.NumField() {
				f := l.t.Field(i)
				inner := f.Type
				if inner.Name() == "" && inner.Kind() == reflect.Pointer {
					inner = inner.Elem()
				}
				tag := f.Tag.Get("json")
				if tag == "-" || !f.IsExported() && (!f.Anonymous || inner.Kind() != reflect.Struct) {
					continue
				}
				name, options, _ := strings.Cut(tag, ",")
				index := append(append([]int(nil), l.index...), i)
				if f.Anonymous && name == "" && inner.Kind() == reflect.Struct {
					next = append(next, level{inner, index})
					continue
				}
				one := field{name: name, index: index, tagged: name != ""}
				if name == "" {
					one.name = f.Name
				}
				for _, o := range strings.Split(options, ",") {
					one.omitEmpty = one.omitEmpty || o == "omitempty"
					one.omitZero = one.omitZero || o == "omitzero"
					one.quoted = one.quoted || o == "string" && scalar(inner.Kind())
				}
				all = append(all, one)
			}
		}
		now = next
	}
	var out []field
	for i := range all {
		if wins(all, i) {
			out = append(out, all[i])
		}
	}
	// In the order of the struct: those of embedded ones stand where these do.
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && before(out[j].index, out[j-1].index); j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// wins tells whether a field hides all others of its name.
func wins(all []field, i int) bool {
	a := all[i]
	for j, b := range all {
		if j == i || b.name != a.name {
			continue
		}
		if len(b.index) < len(a.index) || len(b.index) == len(a.index) && (b.tagged || !a.tagged) {
			return false
		}
	}
	return true
}

func before(a, b []int) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return len(a) < len(b)
}

func scalar(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String
}
