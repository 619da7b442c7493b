package lambda_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/rie/rietest"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest"
	"github.com/runnel-dev/runnel/runtime/host/lambda"
)

// TestHost is the suite that every host passes, with each function under the
// Runtime Interface Emulator.
func TestHost(t *testing.T) {
	emulator := rietest.Emulator(t)
	names := []string{"probe=./runtime/host/hosttest/guest"}
	for _, f := range all.List() {
		names = append(names, f.Name)
	}
	dir := rietest.Build(t, names...)
	hosttest.Run(t, func(t testing.TB) host.Host {
		return lambda.New(lambda.NewHTTP(func(function string) (urls []string) {
			sandboxes := 1
			if function == "probe" {
				sandboxes = 4
			}
			for range sandboxes {
				urls = append(urls, rietest.Start(t, emulator, filepath.Join(dir, function), 5*time.Minute, "RUNNEL_STORE=").URL)
			}
			return urls
		}), &lambda.Options{Store: hosttest.Location})
	}, hosttest.Options{Away: true, Remote: true})
}
