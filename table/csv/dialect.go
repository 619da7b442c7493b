package csv

// A Dialect is how a file is written.
type Dialect struct {
	Delimiter   string `json:"delimiter"`             // one byte
	Quote       string `json:"quote"`                 // one byte
	Decimal     string `json:"decimal"`               // "." or ","
	Newline     string `json:"newline"`               // LF, CRLF or CR
	Header      bool   `json:"header"`                // the first record holds the names
	Encoding    string `json:"encoding"`              // utf-8, utf-16le or utf-16be
	Compression string `json:"compression,omitempty"` // gzip or zstd
}

func (d *Dialect) delimiter() byte { return d.Delimiter[0] }
func (d *Dialect) quote() byte     { return d.Quote[0] }
func (d *Dialect) newline() byte {
	if d.Newline == "CR" {
		return '\r'
	}
	return '\n'
}

// marks are the decimal marks that a number may have.
func (d *Dialect) marks() uint8 {
	switch d.Decimal {
	case ".":
		return pointMark
	case ",":
		return commaMark
	}
	return pointMark | commaMark
}
