// Package nfc brings text into Unicode's normal form C. It is norm.NFC of
// golang.org/x/text; a WASI guest has code of its own for it, with tables made
// from that package's, which is 150 kB smaller.
package nfc
