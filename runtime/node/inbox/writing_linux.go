package inbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// beingWritten tells whether somebody has the file open for writing, by asking
// for a lease, which the kernel then refuses (fcntl(2), F_SETLEASE). Where leases
// are not to be had, it is false.
func beingWritten(f *os.File) (writing bool) {
	c, err := f.SyscallConn()
	if err != nil {
		return false
	}
	err = c.Control(func(fd uintptr) {
		_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
		if err == nil {
			_, err = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK)
		}
		writing = errors.Is(err, unix.EAGAIN)
	})
	return err == nil && writing
}
