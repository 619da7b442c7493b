//go:build !unix

package main

import "os"

// screen is how many columns the terminal has that f is; 0 where it is none.
func screen(f *os.File) int {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return 0
	}
	return 80
}
