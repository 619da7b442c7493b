// Package json is encoding/json, as far as functions need it. In a WASI guest
// it is package small, which writes the same bytes: encoding/json would be an
// eighth of the guest.
package json
