package main

import "crypto/rand"

// source is the host's random numbers.
type source struct{}

func (source) Read(p []byte) (int, error) { return rand.Read(p) }
