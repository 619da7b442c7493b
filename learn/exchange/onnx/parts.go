package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// nested is how deep the parts of a file may lie in each other.
const nested = 32

// parts reports a message that is made of more others than left, or of some that are
// deeper in each other than nested. An empty one takes two bytes of a file, and some
// hundreds of memory as soon as it is read.
func parts(b []byte, of protoreflect.MessageDescriptor, left *int, depth int) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("it is no message of ONNX: %w", protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(number, kind, b[n:])
		if size < 0 {
			return fmt.Errorf("it is no message of ONNX: %w", protowire.ParseError(size))
		}
		field := of.Fields().ByNumber(number)
		if field != nil && field.Message() != nil && kind == protowire.BytesType {
			if *left--; *left < 0 || depth == nested {
				return fmt.Errorf("it is made of more than %d parts, or of some that lie deeper than %d in each other", maxParts, nested)
			}
			inside, _ := protowire.ConsumeBytes(b[n:])
			if err := parts(inside, field.Message(), left, depth+1); err != nil {
				return err
			}
		}
		b = b[n+size:]
	}
	return nil
}
