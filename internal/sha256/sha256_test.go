package sha256

import (
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"
)

func TestPlain(t *testing.T) {
	long := make([]byte, 300)
	for n := range long {
		long[n] = byte(7 * n)
		if got, want := plain(long[:n]), sha256.Sum256(long[:n]); got != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		if got, want := plain(b), Sum256(b); got != want {
			t.Errorf("%x, want %x", got, want)
		}
	})
}
