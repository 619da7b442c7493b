//go:build linux || darwin

package worker

import "syscall"

// confine takes from this process what no guest needs: core dumps, many open
// files, and files larger than the output of a guest.
func confine(cfg config) error {
	for _, l := range []struct {
		resource int
		limit    uint64
	}{{syscall.RLIMIT_CORE, 0}, {syscall.RLIMIT_NOFILE, 256}, {syscall.RLIMIT_FSIZE, uint64(cfg.Files)}} {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(l.resource, &now); err != nil {
			return err
		}
		l.limit = min(l.limit, now.Max)
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.limit, Max: l.limit}); err != nil {
			return err
		}
	}
	return nil
}
