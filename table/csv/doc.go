// Package csv reads and writes tables as comma-separated values, in parallel.
//
// [Read] makes a whole table in one pass; [Scan] and [Plan.Parts] read a file
// larger than memory in two, part by part. Both find out the dialect
// (delimiter, quote, header, decimal mark) from a sample and the columns' kinds
// from every value of the file. Nothing is lost in silence: a row that cannot
// be read is an [*Error] with file, line and column, or is skipped and counted
// in the [Report]; what the reader decided for the user is a note there.
//
// # Grammar
//
// Records end with LF, CRLF, or, in a file without LF, CR. A field that begins
// with the quote character ends at the next quote that is not doubled, and may
// hold delimiters and newlines; in any other field a quote is text. Blank lines
// are skipped. This is RFC 4180, read liberally.
//
// # Kinds
//
// A column is int64, float64, bool or time when every value that is not missing
// reads as one, and string otherwise; a column without any value is float64.
//
//   - An integer with leading zeros (01234) is text. So are integers beyond
//     int64 in a column of integers; among fractions they are rounded, and noted.
//   - A number beyond float64 (1e400) in a column of numbers is missing and
//     noted, never an infinity; inf and -inf, spelt out, are infinities.
//   - The decimal mark is a point, or, where the delimiter is a semicolon and
//     any column has decimal commas, a comma; fractions with a point are text then.
//   - Bools are true and false in any case of letters.
//   - Dates are 2006-01-02 (or with / or .), 01/02/2006 in either order (or
//     with - or .), Jan 2, 2006, 2 January 2006, 02-Jan-2006, Mon, 02 Jan 2006,
//     each with or without a time of day, AM or PM, and a zone; without one it
//     is UTC. Whether 01/02/2006 is January or February is decided over the
//     whole column, and noted when the column leaves it open; the Report's
//     DateOrders are Options for the next file. A year of two digits, only
//     with /, is of 1969 to 2068.
//
// # Missing values
//
// The empty field is missing, in quotes too, and the texts of [DefaultMissing].
// Those in quotes, and the texts of [WeakMissing], such as None and #N/A, are
// missing in a column of numbers, bools or times, and text in a column of text.
//
// # How it is fast
//
// The workers take chunks that end at record ends. A plain file that seems to
// have no quotes is cut at the newline nearest to where a chunk should end, and
// each worker reads its own; should a quoted field turn out to hold a newline,
// or the file be compressed, one worker at a time reads and cuts. A worker finds
// the field ends of a chunk (64 bytes at a time) and then converts it column by
// column, each column under the kind that was enough so far. A column that turns
// out wider in a later chunk is read again only in the chunks before. Numbers and
// times are written where they stay: the number of rows is guessed from the first
// chunk. Texts are numbered by words that a worker keeps from chunk to chunk.
//
// Numbers are read without a loop over their digits, and rounded exactly
// (Clinger 1990; Lemire, "Number parsing at a gigabyte per second", 2021), with
// strconv for what is left undecided. With AVX-512 eight fields of a column are
// read at once. That they are independent is what makes it fast: one alone takes
// as long as without. They are rounded by a division that is corrected in
// float64, as 128-bit products would have to be put together (fractionsAVX512
// has the proof). Of a file of fractions a third of the processor time is then
// the kernel's copy of it; to map it instead took as long.
package csv
