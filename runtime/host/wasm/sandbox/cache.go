package sandbox

import (
	"fmt"
	"os"

	"github.com/tetratelabs/wazero"
)

// openCache opens the folder of compiled code. What lies there is run as
// machine code, unchecked: it must be writable by nobody else.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of compiled guests: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of compiled guests: %w", err)
	}
	if err := private(info); err != nil {
		return nil, fmt.Errorf("folder of compiled guests %s: %w", dir, err)
	}
	return wazero.NewCompilationCacheWithDir(dir)
}
