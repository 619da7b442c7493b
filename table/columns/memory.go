package columns

import "unsafe"

// Values lie in files as they lie in the memory of processors that put the least
// byte first, which is all that Go and WASM run on today but for a few: there
// slices are written and read whole. The others go value by value.
var littleEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

// number is what a column's slice may hold.
type number interface {
	float64 | int64 | uint64 | uint32 | bool
}

// bytesOf is the memory of v.
func bytesOf[T number](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(*new(T))))
}

// valuesOf is memory that was made by aligned, as n values.
func valuesOf[T number](b []byte, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// aligned makes memory for n bytes that may hold any number.
func aligned(n uint64) []byte { return bytesOf(make([]uint64, (n+7)/8))[:n] }
