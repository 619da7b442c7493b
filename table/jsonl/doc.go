// Package jsonl reads and writes tables as JSON lines: one object a line, a
// key a column. A top-level array of objects, and objects that span lines, are
// read too; gzip and zstd are decompressed.
//
// [Read] makes a whole table; [Scan] and [Plan.Parts] read a file larger than
// memory, part by part. Both pass over the input twice: first to find the
// columns, in order of first appearance, and a kind that fits every value of
// each, then to read them.
//
// # Kinds
//
// A key that is absent or null is a missing value. A column is
//
//	int64    when all its values are numbers without fraction or exponent, within int64
//	float64  when all are numbers, some with; also NaN (missing) and Infinity, as Python writes them
//	bool     when all are true or false
//	time     when all are strings with an ISO 8601 date, or date and time (without a zone: UTC)
//	string   otherwise: what is not a string is kept as it was written, and a note counts it
//
// Integers beyond int64 are text in a column of integers. A number beyond
// float64 (1e400) in a column of numbers is missing and counted, never an
// infinity. A column that is missing throughout is float64.
//
// # Bad rows
//
// What is no object, a nested object or array, a key that appears twice, a NUL
// or invalid UTF-8 is an [*Error] with file, line and column, or is skipped and
// counted in the [Report]. In an array, and among objects that span lines, only
// rows whose braces balance can be skipped.
package jsonl
