//go:build !wasip1

package unpack

import (
	"io"

	"github.com/klauspost/compress/gzip"
)

func gunzip(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
