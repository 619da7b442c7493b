package fileblob

import (
	"context"
	"net/http"
	"testing"

	"gocloud.dev/blob/driver"
	"gocloud.dev/blob/drivertest"
)

type harness struct {
	dir   string
	alone bool
}

func (h harness) MakeDriver(context.Context) (driver.Bucket, error) { return open(h.dir, h.alone) }
func (harness) MakeDriverForNonexistentBucket(context.Context) (driver.Bucket, error) {
	return nil, nil
}
func (harness) HTTPClient() *http.Client         { return nil }
func (harness) SupportsCopy() bool               { return true }
func (harness) SupportsNonSlashDelimiters() bool { return true }
func (harness) Close()                           {}

func TestConformance(t *testing.T) {
	drivertest.RunConformanceTests(t, func(_ context.Context, t *testing.T) (drivertest.Harness, error) {
		return harness{dir: t.TempDir()}, nil
	}, nil)
}

func TestConformanceAlone(t *testing.T) {
	drivertest.RunConformanceTests(t, func(_ context.Context, t *testing.T) (drivertest.Harness, error) {
		return harness{t.TempDir(), true}, nil
	}, nil)
}

func TestConformanceUnderPrefix(t *testing.T) {
	drivertest.RunConformanceTests(t, func(_ context.Context, t *testing.T) (drivertest.Harness, error) {
		return prefixed{harness{dir: t.TempDir()}}, nil
	}, nil)
}

type prefixed struct{ harness }

func (p prefixed) MakeDriver(ctx context.Context) (driver.Bucket, error) {
	b, err := p.harness.MakeDriver(ctx)
	return driver.NewPrefixedBucket(b, "some/prefix-"), err
}
