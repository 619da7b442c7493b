package safetensors

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

func sample() map[string]learn.Tensor {
	return map[string]learn.Tensor{
		"a":     {Shape: []int{2, 2}, Data: []float64{1, -2.5, 1e300, 0}},
		"bytes": {Shape: []int{3}, Data: []uint8{1, 2, 255}},
		"i/64":  {Shape: []int{1}, Data: []int64{-1 << 62}},
		"i32":   {Shape: []int{2}, Data: []int32{-7, 7}},
		"f32":   {Shape: []int{}, Data: []float32{.5}},
		"u16":   {Shape: []int{0, 4}, Data: []uint16{}},
	}
}

func TestRoundTrip(t *testing.T) {
	b, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Fatalf("got %v", got)
	}
	again, err := Encode(got)
	if err != nil || !bytes.Equal(b, again) {
		t.Fatalf("a second encoding differs (%v)", err)
	}
}

// file makes a file of a header and so many bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestDecodeRefuses(t *testing.T) {
	one := `{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`
	if _, err := Decode(file(one, 16)); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(file(`{"__metadata__":{"by":"x"}}  `, 0)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, "no header length"},
		{"a long header", file(one, 16)[:20], "a header of 55 bytes in a file of 20"},
		{"an endless header", binary.LittleEndian.AppendUint64(nil, 1<<63), "limit"},
		{"no object", file(`[1]`, 0), "no JSON object"},
		{"broken JSON", file(`{"a":`, 0), "header"},
		{"two values", file(`{}{}`, 0), "want the end"},
		{"data left over", file(one, 17), "17 bytes of data, the tensors have 16"},
		{"data short", file(one, 15), "lies at [0 16] of 15 bytes"},
		{"a gap", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "want it to begin at 0"},
		{"an overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), "want it to begin at 2"},
		{"backwards", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}`, 1), "lies at [1 0]"},
		{"a name twice", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "there twice"},
		{"a dtype", file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 2), `dtype "F16"`},
		{"a field", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"code":"x"}}`, 1), "unknown field"},
		{"a shape that overflows", file(`{"a":{"dtype":"U8","shape":[2147483647,2147483647,4],"data_offsets":[0,4]}}`, 4), "shape"},
		{"a negative shape", file(`{"a":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}`, 1), "shape"},
		{"another size", file(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,16]}}`, 16), "shape [1] of F64 for 16 bytes"},
	} {
		if _, err := Decode(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, tensor := range map[string]learn.Tensor{
		"__metadata__": {Shape: []int{1}, Data: []uint8{1}},
		"strings":      {Shape: []int{1}, Data: []string{"x"}},
		"short":        {Shape: []int{2}, Data: []uint8{1}},
	} {
		if _, err := Encode(map[string]learn.Tensor{name: tensor}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, err := Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		tensors, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Encode(tensors)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := Decode(again)
		if err != nil || len(back) != len(tensors) {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
