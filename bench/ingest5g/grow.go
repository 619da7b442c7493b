package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// grow writes the rows of a CSV file again and again, numbered and varied, until
// the copy has about size bytes. It returns the number of rows.
func grow(source, copy string, size int64) (rows int64, err error) {
	b, err := os.ReadFile(source)
	if err != nil {
		return 0, err
	}
	header, body, _ := bytes.Cut(b, []byte("\n"))
	lines := bytes.SplitAfter(body, []byte("\n"))
	if len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	varied := -1
	for i, name := range bytes.Split(header, []byte(",")) {
		if string(name) == "distance" {
			varied = i
		}
	}
	if varied < 0 || len(lines) == 0 {
		return 0, fmt.Errorf("%s has no rows or no column distance", source)
	}
	f, err := os.Create(copy)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintf(w, "row,%s\n", header)
	written := int64(len(header)) + 5
	var line []byte
	for round := int64(0); written < size; round++ {
		for _, l := range lines {
			line = append(strconv.AppendInt(line[:0], rows, 10), ',')
			line = vary(line, l, varied, round)
			if _, err := w.Write(line); err != nil {
				return 0, err
			}
			rows++
			if written += int64(len(line)); written >= size {
				break
			}
		}
	}
	return rows, w.Flush()
}

// vary appends a line, to whose given field it adds a number.
func vary(dst, line []byte, field int, add int64) []byte {
	at := 0
	for range field {
		at += bytes.IndexByte(line[at:], ',') + 1
	}
	end := at + bytes.IndexByte(line[at:], ',')
	v, err := strconv.ParseInt(string(line[at:end]), 10, 64)
	if err != nil {
		return append(dst, line...)
	}
	dst = append(dst, line[:at]...)
	dst = strconv.AppendInt(dst, v+add, 10)
	return append(dst, line[end:]...)
}
