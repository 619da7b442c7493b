package service

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Answers is a check for Until: a GET of the URL has a status below 500.
func Answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode >= 500 {
			return fmt.Errorf("GET %s: %s", url, resp.Status)
		}
		return nil
	}
}

// Listens is a check for Until: the address takes connections.
func Listens(address string) func(context.Context) error {
	return func(context.Context) error {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// Ports that FreePorts gives, below those that kernels give to connections and to
// listeners that name none (from 32768 on Linux, 49152 elsewhere): between the
// moment that a port is found free and the one that a program listens on it,
// nobody gets it by chance.
const (
	firstPort = 15000
	endPort   = 32000
)

// FreePorts finds n ports of the loopback address that nobody listens on.
func FreePorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		port := firstPort + rand.IntN(endPort-firstPort)
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			if tries > 1000 {
				return nil, fmt.Errorf("finding a free port: %w", err)
			}
			continue
		}
		defer l.Close() // at the end: no port twice
		ports = append(ports, port)
	}
	return ports, nil
}
