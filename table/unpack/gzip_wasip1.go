package unpack

import (
	"compress/gzip"
	"io"
)

// gunzip is the standard library's in a guest: the faster one has four copies of
// its loop, and a guest has to be small.
func gunzip(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
