package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"syscall"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/columns"
)

// env is a function's environment over the files of the ABI, for one call.
type env struct {
	mu    sync.Mutex
	host  int    // descriptor of /host; -1: not open
	files int    // that were made in /out
	buf   []byte // of the message that is written or read
}

func (e *env) close() {
	if e.host >= 0 {
		_ = syscall.Close(e.host)
	}
}

var _ step.Drafter = (*env)(nil)

// Drafts implements step.Drafter: the host makes events of types and data.
func (e *env) Drafts() {}

// ask sends a request to the host and reads its answer.
func (e *env) ask(ctx context.Context, req abi.Request) (abi.Response, error) {
	var res abi.Response
	if err := ctx.Err(); err != nil {
		return res, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var err error
	if e.buf, err = appendRequest(e.buf[:0], &req); err != nil {
		return res, err
	}
	if e.host < 0 {
		if e.host, err = syscall.Open(abi.Host, syscall.O_RDWR, 0); err != nil {
			return res, fmt.Errorf("open %s: %w", abi.Host, err)
		}
	}
	if err := writeAll(e.host, e.buf); err != nil {
		return res, fmt.Errorf("asking the host: %w", err)
	}
	if e.buf, err = readLine(e.host, e.buf[:0]); err != nil {
		return res, fmt.Errorf("the host's answer: %w", err)
	}
	if res, err = parseResponse(e.buf); err != nil {
		return res, fmt.Errorf("the host's answer: %w", err)
	}
	if x := res.Error; x != nil {
		return res, &step.Error{Class: x.Class, Err: errors.New(x.Message), Detail: x.Detail}
	}
	return res, nil
}

// readLine reads up to the end of a line.
func readLine(fd int, b []byte) ([]byte, error) {
	for len(b) == 0 || b[len(b)-1] != '\n' {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, max(2*cap(b), 4<<10)), b...)
		}
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		if err != nil {
			return b, err
		}
		if n == 0 {
			return b, io.ErrUnexpectedEOF
		}
		b = b[:len(b)+n]
	}
	return b, nil
}

// why turns what reading or writing a file said into an error with a class.
func (e *env) why(ctx context.Context, name string, err error) error {
	switch {
	case errors.Is(err, syscall.EIO): // the store is at fault, the host knows more
		if _, told := e.ask(ctx, abi.Request{Error: &struct{}{}}); told != nil {
			return told
		}
	case errors.Is(err, syscall.ENOENT):
		return step.Permanent(fmt.Errorf("%s: no artifact that the event names: %w", name, err))
	}
	return fmt.Errorf("%s: %w", name, err)
}

// Open implements step.Env.
func (e *env) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	b, err := e.open(ctx, abi.In+ref.Digest)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (e *env) open(ctx context.Context, path string) (*blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return nil, e.why(ctx, path, err)
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		_ = syscall.Close(fd)
		return nil, e.why(ctx, path, err)
	}
	return &blob{env: e, ctx: ctx, path: path, fd: fd, size: int64(st.Size)}, nil
}

// A blob is a file of /in.
type blob struct {
	env  *env
	ctx  context.Context // of Open: it bounds the reading too
	path string
	fd   int
	size int64
}

// Size implements step.Blob.
func (b *blob) Size() int64 { return b.size }

// Close implements step.Blob.
func (b *blob) Close() error { return syscall.Close(b.fd) }

// ReadAt implements step.Blob.
func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		if err := b.ctx.Err(); err != nil {
			return done, err
		}
		n, err := syscall.Pread(b.fd, p[done:], off+int64(done))
		if err != nil {
			return done, b.env.why(b.ctx, b.path, err)
		}
		if n == 0 {
			return done, io.EOF
		}
		done += n
	}
	return done, nil
}

// Table implements step.Env.
func (e *env) Table(ctx context.Context, ref events.Ref) (*table.Table, error) {
	b, err := e.open(ctx, abi.In+ref.Digest+abi.Columns)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	t, err := columns.Read(b, b.size)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", ref.Digest, err)
	}
	return t, nil
}

// Put implements step.Env.
func (e *env) Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	return e.put(ctx, abi.Put{MediaType: mediaType}, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// PutTable implements step.Env.
func (e *env) PutTable(ctx context.Context, t *table.Table) (events.Ref, error) {
	return e.put(ctx, abi.Put{Table: true}, func(w io.Writer) error { return columns.Encode(w, t) })
}

// put writes a file of /out and hands it over.
func (e *env) put(ctx context.Context, req abi.Put, write func(io.Writer) error) (events.Ref, error) {
	if err := ctx.Err(); err != nil {
		return events.Ref{}, err
	}
	e.mu.Lock()
	e.files++
	req.File = abi.Out + strconv.Itoa(e.files)
	e.mu.Unlock()
	fd, err := syscall.Open(req.File, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL, 0o600)
	if err != nil {
		return events.Ref{}, e.why(ctx, req.File, err)
	}
	w := &outFile{env: e, ctx: ctx, path: req.File, fd: fd}
	err = write(w)
	if cerr := syscall.Close(fd); err == nil && cerr != nil {
		err = e.why(ctx, req.File, cerr)
	}
	if err != nil {
		return events.Ref{}, err
	}
	res, err := e.ask(ctx, abi.Request{Put: &req})
	return ref(res, err)
}

func ref(res abi.Response, err error) (events.Ref, error) {
	if err != nil {
		return events.Ref{}, err
	}
	if res.Ref == nil {
		return events.Ref{}, errors.New("the host's answer has no ref")
	}
	return *res.Ref, nil
}

// An outFile is a file of /out that is being written.
type outFile struct {
	env  *env
	ctx  context.Context
	path string
	fd   int
}

// Write implements io.Writer.
func (f *outFile) Write(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if err := writeAll(f.fd, p); err != nil {
		return 0, f.env.why(f.ctx, f.path, err)
	}
	return len(p), nil
}

// Fetch implements step.Env.
func (e *env) Fetch(ctx context.Context, url string, limits step.FetchLimits) (events.Ref, error) {
	res, err := e.ask(ctx, abi.Request{Fetch: &abi.Fetch{
		URL: url, MaxBytes: limits.MaxBytes, TimeoutMS: limits.Timeout.Milliseconds(), MaxRedirects: limits.MaxRedirects,
	}})
	return ref(res, err)
}

// Progress implements step.Env. What becomes of it is no concern of the function.
func (e *env) Progress(p step.Progress) {
	_, _ = e.ask(context.Background(), abi.Request{Progress: &p})
}

// Models implements step.Env.
func (e *env) Models() step.Models { return models{e} }

// models is the host's registry.
type models struct{ env *env }

// Register implements step.Models.
func (m models) Register(ctx context.Context, name string, v step.ModelVersion) (step.ModelVersion, error) {
	return model(m.env.ask(ctx, abi.Request{Register: &abi.Register{Name: name, Model: v}}))
}

// Get implements step.Models.
func (m models) Get(ctx context.Context, name, version string) (step.ModelVersion, error) {
	return model(m.env.ask(ctx, abi.Request{Get: &abi.Get{Name: name, Version: version}}))
}

func model(res abi.Response, err error) (step.ModelVersion, error) {
	if err != nil {
		return step.ModelVersion{}, err
	}
	if res.Model == nil {
		return step.ModelVersion{}, errors.New("the host's answer has no model")
	}
	return *res.Model, nil
}

// SetAlias implements step.Models.
func (m models) SetAlias(ctx context.Context, name, alias string, version int, cause string) (int, error) {
	res, err := m.env.ask(ctx, abi.Request{SetAlias: &abi.SetAlias{Name: name, Alias: alias, Version: version, Cause: cause}})
	return res.Previous, err
}
