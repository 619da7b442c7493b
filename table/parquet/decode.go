package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"github.com/runnel-dev/runnel/table"
)

// A decoder says what a column's values become. decode returns n values as
// []float64, []int64 or []bool by kind, which may share the page's memory; text
// returns value i of a String column.
type decoder struct {
	kind   table.Kind
	empty  bool
	decode func(v encoding.Values, n int) (any, error)
	text   func(v encoding.Values, i int) ([]byte, error)
}

// elementOf finds the schema element of top-level field i. The schema is a tree
// written depth first.
func elementOf(schema []format.SchemaElement, i int) *format.SchemaElement {
	at := 1
	for range i {
		for open := 1; open > 0; at++ {
			open += int(schema[at].NumChildren.V) - 1
		}
	}
	return &schema[at]
}

// decoderOf chooses by the logical type, by the converted type of older files,
// and by the physical type. An error continues a sentence about the column.
func decoderOf(e *format.SchemaElement) (decoder, error) {
	logical := e.LogicalType.Value
	if logical == nil && e.ConvertedType.Valid {
		logical = convertedType(e)
	}
	physical := e.Type.V
	switch t := logical.(type) {
	case *format.NullType:
		return decoder{kind: table.Float64, empty: true}, nil
	case *format.DecimalType:
		return decimal(physical, int(e.TypeLength.V), int(t.Scale))
	case *format.DateType:
		if physical == format.Int32 {
			return times(int32s, 24*time.Hour), nil
		}
	case *format.TimestampType:
		if physical == format.Int64 {
			return times(int64s, unitOf(t.Unit)), nil
		}
	case *format.TimeType:
		unit := unitOf(t.Unit)
		switch physical {
		case format.Int32:
			return clock(func(v encoding.Values, i int) int64 { return int64(v.Int32()[i]) }, unit), nil
		case format.Int64:
			return clock(func(v encoding.Values, i int) int64 { return v.Int64()[i] }, unit), nil
		}
	case *format.IntType:
		if !t.IsSigned && physical == format.Int32 {
			return ints(func(v encoding.Values, n int) ([]int64, error) {
				return convert(v.Int32()[:n], func(x int32) int64 { return int64(uint32(x)) }), nil
			}), nil
		}
		if !t.IsSigned && physical == format.Int64 {
			return ints(uint64s), nil
		}
	case *format.UUIDType:
		if physical == format.FixedLenByteArray && e.TypeLength.V == 16 {
			return decoder{kind: table.String, text: uuid}, nil
		}
	case *format.Float16Type:
		if physical == format.FixedLenByteArray && e.TypeLength.V == 2 {
			return floats(func(v encoding.Values, n int) []float64 {
				data, _ := v.Data()
				out := make([]float64, n)
				for i := range out {
					out[i] = float16(binary.LittleEndian.Uint16(data[2*i:]))
				}
				return out
			}), nil
		}
	case *format.StringType, *format.EnumType, *format.JsonType, nil:
	default:
		return decoder{}, fmt.Errorf("is of type %v, which is none that a table can hold: leave it out or convert it first", logical)
	}
	switch physical {
	case format.Boolean:
		return decoder{kind: table.Bool, decode: bools}, nil
	case format.Int32:
		return ints(int32s), nil
	case format.Int64:
		return ints(int64s), nil
	case format.Int96:
		return decoder{kind: table.Time, decode: int96s}, nil
	case format.Float:
		return floats(func(v encoding.Values, n int) []float64 {
			return convert(v.Float()[:n], func(x float32) float64 { return float64(x) })
		}), nil
	case format.Double:
		return floats(func(v encoding.Values, n int) []float64 { return v.Double()[:n] }), nil
	case format.ByteArray:
		return decoder{kind: table.String, text: func(v encoding.Values, i int) ([]byte, error) { return bytesAt(v, i), nil }}, nil
	}
	return decoder{}, fmt.Errorf("is of type %v, binary data that a table cannot hold: leave it out", physical)
}

// convertedType is the logical type that a converted type stands for, nil where
// the physical type says all.
func convertedType(e *format.SchemaElement) format.LogicalTypeValue {
	milli := format.TimeUnit{Value: &format.MilliSeconds{}}
	micro := format.TimeUnit{Value: &format.MicroSeconds{}}
	switch e.ConvertedType.V {
	case deprecated.Decimal:
		return &format.DecimalType{Scale: e.Scale.V, Precision: e.Precision.V}
	case deprecated.Date:
		return &format.DateType{}
	case deprecated.TimeMillis:
		return &format.TimeType{Unit: milli}
	case deprecated.TimeMicros:
		return &format.TimeType{Unit: micro}
	case deprecated.TimestampMillis:
		return &format.TimestampType{Unit: milli}
	case deprecated.TimestampMicros:
		return &format.TimestampType{Unit: micro}
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return &format.IntType{BitWidth: 64}
	case deprecated.Bson:
		return &format.BsonType{}
	}
	return nil
}

func unitOf(u format.TimeUnit) time.Duration {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return time.Millisecond
	case *format.NanoSeconds:
		return time.Nanosecond
	default:
		return time.Microsecond
	}
}

func convert[S, D any](src []S, f func(S) D) []D {
	out := make([]D, len(src))
	for i, v := range src {
		out[i] = f(v)
	}
	return out
}

func floats(f func(encoding.Values, int) []float64) decoder {
	return decoder{kind: table.Float64, decode: func(v encoding.Values, n int) (any, error) { return f(v, n), nil }}
}

func ints(f func(encoding.Values, int) ([]int64, error)) decoder {
	return decoder{kind: table.Int64, decode: func(v encoding.Values, n int) (any, error) { return f(v, n) }}
}

func int64s(v encoding.Values, n int) ([]int64, error) { return v.Int64()[:n], nil }

func int32s(v encoding.Values, n int) ([]int64, error) {
	return convert(v.Int32()[:n], func(x int32) int64 { return int64(x) }), nil
}

func uint64s(v encoding.Values, n int) ([]int64, error) {
	values := v.Int64()[:n]
	for _, x := range values {
		if x < 0 {
			return nil, fmt.Errorf("the value %d is greater than the largest int64: store the column as text or float64", uint64(x))
		}
	}
	return values, nil
}

func bools(v encoding.Values, n int) (any, error) {
	bits := v.Boolean()
	out := make([]bool, n)
	for i := range out {
		out[i] = bits[i>>3]>>(uint(i)&7)&1 == 1
	}
	return out, nil
}

// times scales to microseconds; what is finer is cut off, towards the past.
func times(read func(encoding.Values, int) ([]int64, error), unit time.Duration) decoder {
	return decoder{kind: table.Time, decode: func(v encoding.Values, n int) (any, error) {
		values, err := read(v, n)
		if err != nil || unit == time.Microsecond {
			return values, err
		}
		out := make([]int64, n)
		for i, x := range values {
			if unit < time.Microsecond {
				out[i] = floorDiv(x, int64(time.Microsecond/unit))
				continue
			}
			scale := int64(unit / time.Microsecond)
			if x > math.MaxInt64/scale || x < math.MinInt64/scale {
				return nil, fmt.Errorf("the time %d x %v is out of range", x, unit)
			}
			out[i] = x * scale
		}
		return out, nil
	}}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// int96s reads the nanoseconds of a day and the Julian day, as Impala and older
// Spark write times.
func int96s(v encoding.Values, n int) (any, error) {
	const (
		unixEpoch = 2440588 // as a Julian day
		day       = int64(24 * time.Hour / time.Microsecond)
	)
	return convert(v.Int96()[:n], func(x deprecated.Int96) int64 {
		nanos := int64(uint64(x[1])<<32 | uint64(x[0]))
		return (int64(x[2])-unixEpoch)*day + floorDiv(nanos, 1000)
	}), nil
}

func clock(at func(encoding.Values, int) int64, unit time.Duration) decoder {
	return decoder{kind: table.String, text: func(v encoding.Values, i int) ([]byte, error) {
		x := at(v, i)
		if x < 0 || x >= int64(24*time.Hour/unit) {
			return nil, fmt.Errorf("the time of day %d x %v is out of range", x, unit)
		}
		return time.Time{}.Add(time.Duration(x)*unit).AppendFormat(nil, "15:04:05.999999999"), nil
	}}
}

func bytesAt(v encoding.Values, i int) []byte {
	data, offsets := v.ByteArray()
	return data[offsets[i]:offsets[i+1]]
}

func uuid(v encoding.Values, i int) ([]byte, error) {
	data, _ := v.Data()
	h := hex.EncodeToString(data[16*i : 16*i+16])
	return fmt.Appendf(nil, "%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:]), nil
}

// decimal reads unscaled integers, as the nearest float64 of the value.
func decimal(physical format.Type, length, scale int) (decoder, error) {
	if scale < 0 || scale > 300 {
		return decoder{}, fmt.Errorf("is a DECIMAL of scale %d: the file is corrupt", scale)
	}
	divisor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	exact := math.Pow10(scale)
	small := func(x int64) float64 {
		if scale <= 22 && x > -1<<53 && x < 1<<53 {
			return float64(x) / exact // both are exact, so the quotient is the nearest
		}
		return quotient(big.NewInt(x), divisor)
	}
	large := func(b []byte) float64 {
		x := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 {
			x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		return quotient(x, divisor)
	}
	switch physical {
	case format.Int32:
		return floats(func(v encoding.Values, n int) []float64 {
			return convert(v.Int32()[:n], func(x int32) float64 { return small(int64(x)) })
		}), nil
	case format.Int64:
		return floats(func(v encoding.Values, n int) []float64 { return convert(v.Int64()[:n], small) }), nil
	case format.FixedLenByteArray:
		return floats(func(v encoding.Values, n int) []float64 {
			data, _ := v.Data()
			out := make([]float64, n)
			for i := range out {
				out[i] = large(data[i*length : (i+1)*length])
			}
			return out
		}), nil
	case format.ByteArray:
		return floats(func(v encoding.Values, n int) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = large(bytesAt(v, i))
			}
			return out
		}), nil
	}
	return decoder{}, fmt.Errorf("is a DECIMAL of type %v: the file is corrupt", physical)
}

func quotient(x, divisor *big.Int) float64 {
	f, _ := new(big.Rat).SetFrac(x, divisor).Float64()
	return f
}

// float16 widens an IEEE 754 half-precision number.
func float16(h uint16) float64 {
	sign, exp, frac := h>>15, int(h>>10&31), float64(h&1023)
	var v float64
	switch exp {
	case 0:
		v = math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		v = math.Inf(1)
	default:
		v = math.Ldexp(1024+frac, exp-25)
	}
	if sign == 1 {
		return -v
	}
	return v
}
