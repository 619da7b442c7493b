//go:build !linux

package main

import "time"

// peak is not known here.
func peak() int64 { return 0 }

// cpu is not known here.
func cpu() time.Duration { return 0 }
