//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// screen is how many columns the terminal has that f is; 0 where it is none.
func screen(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	switch {
	case err != nil:
		return 0
	case size.Col == 0: // a terminal that does not know
		return 80
	}
	return int(size.Col)
}
