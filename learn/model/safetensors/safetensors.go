// Package safetensors reads and writes named arrays in the safetensors format:
// an 8-byte little-endian header length, a JSON header of dtypes, shapes and
// offsets, and the data (https://huggingface.co/docs/safetensors). Nothing in
// such a file can be executed.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/rawjson"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
)

// MaxHeader is the greatest header, in bytes, that is read.
const MaxHeader = 16 << 20

// entry describes a tensor in the header. Offsets count from the header's end.
type entry struct {
	DType   string    `json:"dtype"`
	Shape   []int64   `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// Encode writes tensors. The same tensors give the same bytes: wide types come
// first, so that every array is aligned, and names ascend.
func Encode(tensors map[string]learn.Tensor) ([]byte, error) {
	names := make([]string, 0, len(tensors))
	for name, t := range tensors {
		if name == "__metadata__" {
			return nil, fmt.Errorf("tensor %q: the name is taken by the format", name)
		}
		if _, _, err := layout(t); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		names = append(names, name)
	}
	sorting.Func(names, func(a, b string) int {
		_, x, _ := layout(tensors[a])
		_, y, _ := layout(tensors[b])
		return cmp.Or(y-x, cmp.Compare(a, b))
	})
	var header bytes.Buffer
	header.WriteByte('{')
	at := uint64(0)
	for i, name := range names {
		t := tensors[name]
		dtype, width, _ := layout(t)
		shape := make([]int64, len(t.Shape))
		size := uint64(width)
		for k, d := range t.Shape {
			shape[k] = int64(d)
			size *= uint64(d)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(entry{dtype, shape, [2]uint64{at, at + size}})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			header.WriteByte(',')
		}
		header.Write(key)
		header.WriteByte(':')
		header.Write(value)
		at += size
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	if header.Len() > MaxHeader {
		return nil, fmt.Errorf("a header of %d bytes for %d tensors: at most %d can be read", header.Len(), len(names), MaxHeader)
	}
	out := make([]byte, 0, 8+header.Len()+int(at))
	out = binary.LittleEndian.AppendUint64(out, uint64(header.Len()))
	out = append(out, header.Bytes()...)
	for _, name := range names {
		out = appendData(out, tensors[name].Data)
	}
	return out, nil
}

// layout is the dtype of a tensor and the bytes of an element. Data and shape
// that disagree are an error.
func layout(t learn.Tensor) (dtype string, width int, err error) {
	n := 0
	switch d := t.Data.(type) {
	case []float64:
		dtype, width, n = "F64", 8, len(d)
	case []int64:
		dtype, width, n = "I64", 8, len(d)
	case []float32:
		dtype, width, n = "F32", 4, len(d)
	case []int32:
		dtype, width, n = "I32", 4, len(d)
	case []uint16:
		dtype, width, n = "U16", 2, len(d)
	case []uint8:
		dtype, width, n = "U8", 1, len(d)
	default:
		return "", 0, fmt.Errorf("its data is %T", t.Data)
	}
	want := 1
	for _, d := range t.Shape {
		if d < 0 {
			return "", 0, fmt.Errorf("its shape is %v", t.Shape)
		}
		want *= d
	}
	if want != n {
		return "", 0, fmt.Errorf("its shape is %v but it has %d values", t.Shape, n)
	}
	return dtype, width, nil
}

func appendData(out []byte, data any) []byte {
	le := binary.LittleEndian
	switch d := data.(type) {
	case []float64:
		for _, v := range d {
			out = le.AppendUint64(out, math.Float64bits(v))
		}
	case []int64:
		for _, v := range d {
			out = le.AppendUint64(out, uint64(v))
		}
	case []float32:
		for _, v := range d {
			out = le.AppendUint32(out, math.Float32bits(v))
		}
	case []int32:
		for _, v := range d {
			out = le.AppendUint32(out, uint32(v))
		}
	case []uint16:
		for _, v := range d {
			out = le.AppendUint16(out, v)
		}
	case []uint8:
		out = append(out, d...)
	}
	return out
}

// Decode reads tensors. It is strict: the header is one JSON object with no
// unknown fields, and the arrays fill the data without gap, overlap or rest. The
// optional __metadata__ is passed over. What it allocates is bounded by len(b).
func Decode(b []byte) (map[string]learn.Tensor, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("safetensors: %d bytes, no header length", len(b))
	}
	size := binary.LittleEndian.Uint64(b)
	if size > MaxHeader || size > uint64(len(b)-8) {
		return nil, fmt.Errorf("safetensors: a header of %d bytes in a file of %d, limit %d", size, len(b), MaxHeader)
	}
	header, data := b[8:8+size], b[8+size:]
	if len(header) == 0 || header[0] != '{' {
		return nil, errors.New("safetensors: the header is no JSON object")
	}
	entries, err := decodeHeader(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	sorting.Func(entries, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	out := make(map[string]learn.Tensor, len(entries))
	at := uint64(0)
	for _, e := range entries {
		if _, twice := out[e.name]; twice {
			return nil, fmt.Errorf("safetensors: tensor %q is there twice", e.name)
		}
		if e.Offsets[0] != at || e.Offsets[1] < at || e.Offsets[1] > uint64(len(data)) {
			return nil, fmt.Errorf("safetensors: tensor %q lies at %v of %d bytes, want it to begin at %d", e.name, e.Offsets, len(data), at)
		}
		t, err := decodeTensor(e.entry, data[at:e.Offsets[1]])
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", e.name, err)
		}
		out[e.name] = t
		at = e.Offsets[1]
	}
	if at != uint64(len(data)) {
		return nil, fmt.Errorf("safetensors: %d bytes of data, the tensors have %d", len(data), at)
	}
	return out, nil
}

type named struct {
	name string
	entry
}

func decodeHeader(header []byte) ([]named, error) {
	var out []named
	err := rawjson.Object(header, func(name string, value []byte) error {
		if name == "__metadata__" {
			if err := json.Unmarshal(value, &map[string]string{}); err != nil {
				return fmt.Errorf("__metadata__: %w", err)
			}
			return nil
		}
		e := named{name: name}
		if err := json.Strict(value, &e.entry); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

func decodeTensor(e entry, b []byte) (learn.Tensor, error) {
	widths := map[string]int{"F64": 8, "I64": 8, "F32": 4, "I32": 4, "U16": 2, "U8": 1}
	width, ok := widths[e.DType]
	if !ok {
		return learn.Tensor{}, fmt.Errorf("dtype %q: want F64, F32, I64, I32, U16 or U8", e.DType)
	}
	if len(e.Shape) > 8 {
		return learn.Tensor{}, fmt.Errorf("%d dimensions", len(e.Shape))
	}
	shape, n := make([]int, len(e.Shape)), int64(1)
	for k, d := range e.Shape {
		if d < 0 || d > math.MaxInt32 || n*d > int64(len(b)) {
			return learn.Tensor{}, fmt.Errorf("shape %v for %d bytes", e.Shape, len(b))
		}
		shape[k] = int(d)
		n *= d
	}
	if n*int64(width) != int64(len(b)) {
		return learn.Tensor{}, fmt.Errorf("shape %v of %s for %d bytes", e.Shape, e.DType, len(b))
	}
	return learn.Tensor{Shape: shape, Data: decodeData(e.DType, int(n), b)}, nil
}

func decodeData(dtype string, n int, b []byte) any {
	le := binary.LittleEndian
	switch dtype {
	case "F64":
		out := make([]float64, n)
		for i := range out {
			out[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
		return out
	case "I64":
		out := make([]int64, n)
		for i := range out {
			out[i] = int64(le.Uint64(b[8*i:]))
		}
		return out
	case "F32":
		out := make([]float32, n)
		for i := range out {
			out[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
		return out
	case "I32":
		out := make([]int32, n)
		for i := range out {
			out[i] = int32(le.Uint32(b[4*i:]))
		}
		return out
	case "U16":
		out := make([]uint16, n)
		for i := range out {
			out[i] = le.Uint16(b[2*i:])
		}
		return out
	default:
		return append(make([]uint8, 0, n), b...)
	}
}
