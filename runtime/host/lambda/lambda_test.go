package lambda_test

import (
	"fmt"
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
	const mib = 512 // that the probe has
	hosttest.Run(t, func(t testing.TB) host.Host {
		return lambda.New(lambda.NewHTTP(func(function string) (urls []string) {
			sandboxes, env := 1, []string{"RUNNEL_STORE="}
			if function == "probe" {
				sandboxes, env = 4, append(env, fmt.Sprint("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=", mib))
			}
			for range sandboxes {
				urls = append(urls, rietest.Start(t, emulator, filepath.Join(dir, function), 5*time.Minute, env...).URL)
			}
			return urls
		}), &lambda.Options{Store: hosttest.Location})
	}, hosttest.Options{Away: true, Remote: true, Memory: mib})
}
