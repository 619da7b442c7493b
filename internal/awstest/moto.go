package awstest

import (
	"context"
	"testing"

	"github.com/runnel-dev/runnel/internal/moto"
	"github.com/runnel-dev/runnel/internal/testneed"
)

// Moto starts moto's server, an empty cloud, until the test ends. It needs
// Python's moto[server]; the test is skipped where there is none.
func Moto(t testing.TB) *Server {
	t.Helper()
	python := testneed.Python(t, "moto.server")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := moto.Start(ctx, python)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Kill) // it has nothing to lose
	return &Server{URL: m.URL}
}
