package csv

import "bytes"

// otherFormat names the format that a file's first bytes show, if it is none
// of ours, and says what to do; "" when nothing speaks against CSV.
func otherFormat(head []byte) (what, hint string) {
	for _, f := range [...]struct{ magic, what, hint string }{
		{"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx)", "unzip it, or save the sheet as CSV"},
		{"PK\x05\x06", "an empty zip archive", ""},
		{"PAR1", "a Parquet file", "give it the ending .parquet"},
		{"\x1f\x8b", "gzip within compressed data", "decompress it once"},
		{"\x28\xb5\x2f\xfd", "zstd within compressed data", "decompress it once"},
		{"BZh", "a bzip2 file", "decompress it with bunzip2"},
		{"\xfd7zXZ\x00", "an xz file", "decompress it with xz -d"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"},
		{"Rar!", "a rar archive", "unpack it"},
		{"\x04\x22\x4d\x18", "an lz4 file", "decompress it with lz4 -d"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "save the sheet as CSV"},
		{"ARROW1", "an Arrow file", "convert it to CSV or Parquet"},
		{"Obj\x01", "an Avro file", "convert it to CSV or Parquet"},
		{"SQLite format 3\x00", "a SQLite database", "export the table as CSV"},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file", "convert it to CSV or Parquet"},
		{"\x93NUMPY", "a NumPy array", "save it with numpy.savetxt"},
		{"%PDF-", "a PDF document", ""},
		{"\x89PNG", "a PNG image", ""},
		{"\x7fELF", "a program", ""},
		{"{\"", "JSON", "give JSON lines the ending .jsonl"},
		{"[{", "JSON", "give it as JSON lines, one object a line"},
		{"<!DOCTYPE html", "an HTML page", "the address may want a login, or its raw form"},
		{"<!doctype html", "an HTML page", "the address may want a login, or its raw form"},
		{"<html", "an HTML page", "the address may want a login, or its raw form"},
		{"<?xml", "XML", "convert it to CSV"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f.what, f.hint
		}
	}
	if len(head) >= 262 && bytes.HasPrefix(head[257:], []byte("ustar")) {
		return "a tar archive", "unpack it"
	}
	return "", ""
}
