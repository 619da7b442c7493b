package native_test

import (
	"testing"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest"
	"github.com/runnel-dev/runnel/runtime/host/native"
)

func TestHost(t *testing.T) {
	hosttest.Run(t, func(testing.TB) host.Host { return native.Host{} }, hosttest.Options{Again: true}) // what others are compared with
}
