package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// features are what compilers for WASI use, and no more: no threads, tail
// calls or exceptions.
const features = api.CoreFeaturesV2

// Errors of WASI, by number.
const (
	errIO           = 29
	errNotSupported = 58
)

// instantiateWASI makes the functions that modules import.
func instantiateWASI(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(wasi_snapshot_preview1.ModuleName)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(b)
	// The table of descriptors grows to the number that a guest names here: to
	// gigabytes. Nothing needs it, so it is refused.
	b.NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, _ api.Module, stack []uint64) { stack[0] = errNotSupported }),
			[]api.ValueType{api.ValueTypeI32, api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).
		Export("fd_renumber")
	_, err := b.Instantiate(experimental.WithFunctionListenerFactory(ctx, checkpoints{}))
	return err
}

// checkpoints stand before and after every function of WASI.
type checkpoints struct{}

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (checkpoints) NewFunctionListener(api.FunctionDefinition) experimental.FunctionListener {
	return checkpoint{}
}

type checkpoint struct{}

type instanceKey struct{}

func instanceOf(ctx context.Context) *instance {
	in, _ := ctx.Value(instanceKey{}).(*instance)
	return in
}

// Before implements experimental.FunctionListener: it ends a guest whose time is up.
func (checkpoint) Before(ctx context.Context, _ api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
	if in := instanceOf(ctx); in != nil {
		in.checkTime()
	}
}

// After implements experimental.FunctionListener: the file systems of wazero
// know no "no space left on device" and say that reading or writing failed,
// which is put right here.
func (checkpoint) After(ctx context.Context, _ api.Module, _ api.FunctionDefinition, results []uint64) {
	in := instanceOf(ctx)
	if in == nil {
		return
	}
	if errno := in.fs.Errno(); errno != 0 && len(results) > 0 && results[0] == errIO {
		results[0] = uint64(errno)
	}
}

// Abort implements experimental.FunctionListener.
func (checkpoint) Abort(context.Context, api.Module, api.FunctionDefinition, error) {}
