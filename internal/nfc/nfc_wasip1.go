package nfc

// String is s in normal form C.
func String(s string) string { return plain(s) }
