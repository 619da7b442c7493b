// Package buildid identifies the code of the program that runs.
package buildid

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"io"
	"os"
	"sync"
)

// ID identifies this program's code, for the step cache: what another build
// computed is not reused. It is the id that Go's linker wrote into the program
// or, where that cannot be read, the digest of the whole file, which takes
// longer. It is "" where the program cannot be read: nothing is reused then.
var ID = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if id := linked(f); id != nil {
		h.Write(id)
	} else if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
})

// linked reads the linker's build id, which holds a digest of the program; nil
// where there is none.
func linked(f io.ReaderAt) []byte {
	program, err := elf.NewFile(f)
	if err != nil {
		return nil // another format than Linux has
	}
	note := program.Section(".note.go.buildid")
	if note == nil {
		return nil
	}
	id, err := note.Data()
	if err != nil || len(id) <= 16 { // a note without an id
		return nil
	}
	return id
}
