package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/wasm/guestfs"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

// modes are the two ways to run a guest.
func modes(t *testing.T, o Options, each func(t *testing.T, h *Host)) {
	for mode, in := range map[string]bool{"worker": false, "in process": true} {
		t.Run(mode, func(t *testing.T) {
			o := o
			o.InProcess = func(*step.Function) bool { return in }
			each(t, open(t, &o))
		})
	}
}

// TestOutside: a guest reaches nothing but /in, /out and /host.
func TestOutside(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	paths := []string{
		secret, "/../.." + secret, "/in/../../.." + secret, "/out/../../.." + secret, "../../.." + secret, "/in/..//.." + secret,
		"/etc/passwd", "//etc/passwd", "/in/../etc/passwd", "/proc/self/environ", "/out/../../etc/passwd", "in/../../../etc/passwd",
		"/in/sha256:" + strings.Repeat("0", 64), "/in/../in/x", "/in/dataset.columns/..//../etc/passwd", "/host/../etc/passwd", "C:\\secret", "/out/" + strings.Repeat("x/../", 20) + "../etc/passwd",
	}
	modes(t, Options{}, func(t *testing.T, h *Host) {
		for i, note := range noted(t, h, steptest.New(t), probeParams{Do: "read", Arg: strings.Join(paths, " ")}) {
			if !strings.Contains(note, `: "" `) || strings.HasSuffix(note, "<nil>") {
				t.Errorf("%s was read: %s", paths[i], note)
			}
		}
	})
}

// TestLinks: a guest makes no links, and what it does to names stays within /out.
func TestLinks(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		got := strings.Join(noted(t, h, steptest.New(t), probeParams{Do: "names"}), "\n")
		want := `symlink /etc/passwd /out/link: Operation not permitted
symlink ../../etc /out/folder: Operation not permitted
link /out/a /out/b: Operation not permitted
rename /out/a /b: No such file or directory
rename /out/a /in/a: Read-only file system
rename /out/a /out/../../a: No such file or directory
rename /out/d /out/d/e/f: Invalid argument
rename /out/a /out/moved: <nil>
remove /out/d: Directory not empty
remove /in: Read-only file system
remove /host: Read-only file system
mkdir /new: No such file or directory
mkdir /in/new: Read-only file system
create /in/new: Read-only file system
list /in: Permission denied
list /out: [d moved] <nil>`
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestUnnamed: a digest that the event does not name is no file, whatever the
// guest says of it.
func TestUnnamed(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		env := steptest.New(t)
		secret := env.PutBytes(t, events.MediaBytes, []byte("secret"))
		list := env.PutJSON(t, events.MediaJSON, map[string]any{"file": secret})
		file := "/in/" + secret.Digest
		got := noted(t, h, env, probeParams{Do: "read", Arg: file + " " + file + ".columns /in/" + list.Digest})
		for _, n := range got {
			if !strings.Contains(n, `: "" `) {
				t.Error(n)
			}
		}
		// It cannot store a reference to it either.
		ask := `{"put": {"file": "/out/list", "mediaType": "application/json"}}`
		got = noted(t, h, env, probeParams{Do: "forge", Arg: fmt.Sprintf(`{"file": {"digest": %q, "mediaType": "text/plain", "size": 6}}`, secret.Digest) + "\n" + ask})
		if len(got) != 3 || !strings.Contains(got[0], "none that the guest was given") || !strings.Contains(got[2], `: "" `) {
			t.Errorf("a forged list: %s", strings.Join(got, "\n"))
		}
		// In what it emits, registers and names as output it has no place either.
		for _, say := range []string{
			`{"events": [{"type": "dataset.explored", "data": {"profile": {"digest": "DIGEST"}}}]}`,
			`{"events": [{"type": "dataset.explored", "data": {"alerts": 0, "x": [[{"a": {"DigEst": "DIGEST"}}]]}}]}`,
			`{"events": [{"type": "dataset.explored", "data": {"x": {"digest": 1, "digest": "DIGEST", "digest": null}}}]}`,
			`{"events": [{"set": [{"type": "dataset.explored", "data": {"x": [{"d\u0069gest": "sha256\u003aHEX"}]}}]}]}`,
			`{"outputs": {"x": {"digest": "DIGEST", "size": 6}}}`,
		} {
			say = strings.ReplaceAll(say, "DIGEST", secret.Digest)
			say = strings.ReplaceAll(say, "HEX", secret.Digest[7:])
			if _, err := do(t, h, "probe", env, probeParams{Do: "say", Arg: say}); err == nil || !strings.Contains(err.Error(), "none that the guest was given") {
				t.Errorf("%s: %v", say, err)
			}
		}
	})
}

// A users is modules that users bring.
type users struct{ Modules }

func (u users) Find(ctx context.Context, fn *step.Function) (Module, error) {
	m, err := u.Modules.Find(ctx, fn)
	m.Trusted = false
	return m, err
}

// TestPassedOn: a user's guest cannot have the step after it read what it was
// not given.
func TestPassedOn(t *testing.T) {
	h := open(t, &Options{Modules: users{NewDir(guests)}})
	env := steptest.New(t)
	secret := env.PutBytes(t, events.MediaBytes, []byte("secret"))
	manifest := fmt.Sprintf(`{"parts": [{"table": {"digest": %q, "size": 6}}]}`, secret.Digest)
	got := strings.Join(noted(t, h, env, probeParams{Do: "forge", Arg: manifest + "\n" + `{"put": {"file": "/out/list", "mediaType": "text/plain"}}`}), "\n")
	if !strings.Contains(got, "none that the guest was given") {
		t.Errorf("a manifest of what it was not given: %s", got)
	}
}

// TestNamed: what the event names can be read, and what the JSON that it names names.
func TestNamed(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		env := steptest.New(t)
		far := env.PutBytes(t, events.MediaBytes, []byte("far"))
		list := env.PutJSON(t, "application/vnd.x+json", map[string]any{"file": far})
		page := env.PutJSON(t, "text/html", map[string]any{"file": env.PutBytes(t, events.MediaBytes, []byte("page"))})
		fn := probe("probe")
		in := events.DatasetIngestedData{Dataset: small(t, env)}
		in.Notes = []string{"as seen in " + page.Digest}
		inv := invocationOf(t, fn, in, probeParams{Do: "read", Arg: fmt.Sprintf("/in/%[1]s /in/%[2]s /in/%[1]s", far.Digest, list.Digest)})
		data := map[string]any{}
		if err := json.Unmarshal(inv.Event.Data(), &data); err != nil {
			t.Fatal(err)
		}
		data["list"] = list
		if err := inv.Event.SetData("application/json", data); err != nil {
			t.Fatal(err)
		}
		res, err := h.Run(t.Context(), fn, inv, env)
		if err != nil {
			t.Fatal(described(err))
		}
		for i, want := range []string{`""`, `"{\"file\":`, `"far"`} {
			if !strings.Contains(res.Notes[i], ": "+want) {
				t.Errorf("%s, want %s", res.Notes[i], want)
			}
		}
	})
}

// TestLimits: what a guest may use has an end, and the guest is told.
func TestLimits(t *testing.T) {
	o := Options{Memory: 128 << 20, Files: guestfs.Limits{OutBytes: 10 << 20, OutMemory: 1 << 20, OutFiles: 1000, OpenFiles: 20}}
	modes(t, o, func(t *testing.T, h *Host) {
		for _, c := range []struct {
			p    probeParams
			want string
		}{
			{probeParams{Do: "write", Arg: "/out/a", N: 10 << 20}, "all was written"},
			{probeParams{Do: "write", Arg: "/out/a", N: 11 << 20}, "10485760 bytes: write /out/a: No space left on device"},
			{probeParams{Do: "seek", N: 1 << 40}, "No space left on device"},
			{probeParams{Do: "files", N: 100_000}, "1000 files: open /out/1000: No space left on device"},
			{probeParams{Do: "deep", N: 100_000}, "31 folders: mkdir /out/d"},
			{probeParams{Do: "open", Arg: "/out/a", N: 100}, "20 times: open /out/a: Too many open files"},
			{probeParams{Do: "open", Arg: "/in/dataset.columns", N: 100}, "0 times: open /in/dataset.columns: Read-only file system"},
			{probeParams{Do: "ask", Arg: `{"put": {"file": "LONG"}}` + "\n" + `{"progress": {"done": 1}}`, N: 2 << 20}, "a request has at most 1048576 bytes"},
		} {
			got := strings.Join(noted(t, h, steptest.New(t), c.p), "\n")
			if !strings.Contains(got, c.want) {
				t.Errorf("%+v: %.300s, want %s", c.p, got, c.want)
			}
		}
		for _, c := range []struct {
			p    probeParams
			want string
		}{
			{probeParams{Do: "grow", N: 200}, "the guest of function probe ended at its memory limit of 128 MiB: give the step more"},
			{probeParams{Do: "flood", N: 100_000}, "100000 events, at most 10000 are accepted"},
			{probeParams{Do: "flood", N: 200_000}, "the answer has more than 4194304 bytes"},
			{probeParams{Do: "long", N: 5 << 20}, "the answer has more than 4194304 bytes"},
			{probeParams{Do: "exit", N: 3}, "ended with status 3"},
			{probeParams{Do: "exit", N: 1 << 30}, "ended with status 1073741824"},
			{probeParams{Do: "panic", Arg: "oh"}, "panic: oh"},
			{probeParams{Do: "renumber"}, "all is well"},
		} {
			_, err := do(t, h, "probe", steptest.New(t), c.p)
			if c.p.Do == "renumber" && err == nil {
				continue
			}
			if step.ClassOf(err) != step.ClassPermanent || !strings.Contains(described(err), c.want) {
				t.Errorf("%+v: %.500s, want %s", c.p, described(err), c.want)
			}
		}
	})
}

// TestStderr: the end of what a guest says is kept, not all of it.
func TestStderr(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		_, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "stderr", N: 50_000})
		var e *step.Error
		if !errors.As(err, &e) || len(e.Detail) > 16<<10 || !strings.Contains(e.Detail, "line 49999") {
			t.Errorf("%v with %d bytes of detail", err, len(e.Detail))
		}
	})
}

// TestSealed: what was handed over does not change.
func TestSealed(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		got := noted(t, h, steptest.New(t), probeParams{Do: "sealed"})
		if want := `"first" <nil>`; len(got) != 5 || got[4] != want {
			t.Errorf("it reads %s, want %s", got[len(got)-1], want)
		}
		for _, n := range got[:4] {
			if !strings.Contains(n, "not permitted") {
				t.Errorf("it was written: %s", n)
			}
		}
	})
}

// TestForged: a guest chooses neither ids nor sources, and no other events than
// its function's.
func TestForged(t *testing.T) {
	h := open(t, nil)
	for say, want := range map[string]string{
		`{"events": [{"type": "dataset.explored", "data": {}, "id": "mine"}]}`:                              `unknown field "id"`,
		`{"events": [{"type": "dataset.explored", "data": {}, "source": "/mine"}]}`:                         `unknown field "source"`,
		`{"events": [{"type": "dataset.explored", "data": {}, "correlationid": "mine"}]}`:                   `unknown field "correlationid"`,
		`{"events": [{"type": "model.registered", "data": {}}]}`:                                            "add it to Emits",
		`{"events": [{"type": "dev.runnel.dataset.explored.v2", "data": {}}]}`:                              "add it to Emits",
		`{"events": [{"data": {}}]}`:                                                                        "add it to Emits",
		`{"events": [{"type": "dataset.explored"}]}`:                                                        "is a JSON object",
		`{"events": [{"type": "dataset.explored", "data": 1}]}`:                                             "is a JSON object",
		`{"events": [{"type": "dataset.explored", "data": {"alerts": "many"}}]}`:                            "the data is not that of a",
		`{"events": [{"type": "dataset.explored", "data": {}, "set": [{"type": "dataset.explored"}]}]}`:     "a set, and an event too",
		`{"events": [{"set": []}]}`:                                                                         "a set of none",
		`{"events": [{"set": [{"set": [{"type": "dataset.explored", "data": {}}]}]}]}`:                      "a set within a set",
		`{"events": [{"type": "dataset.explored", "data": {"x": "` + strings.Repeat("x", 256<<10) + `"}}]}`: "put the data into an artifact",
		`{"outputs": {"x": {"digest": "../../etc/passwd"}}}`:                                                "is no digest",
		`{"outputs": {"x": {"digest": "` + "sha256:" + strings.Repeat("0", 64) + `"}}}`:                     "none that the guest was given",
		`{"rows": -1}`:    "rows is -1",
		`{"notes": [1]}`:  "cannot unmarshal number",
		`[]`:              "cannot unmarshal array",
		`{} {}`:           "there is more after it",
		`{"surprise": 1}`: `unknown field "surprise"`,
		`{"events": [{}`:  "unexpected EOF",
	} {
		// The probe encodes what it says, so that it has to be JSON; other answers go through ParseAnswer.
		if !json.Valid([]byte(say)) {
			if _, err := ParseAnswer([]byte(say)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.200s: %v, want %s", say, err, want)
			}
			continue
		}
		_, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "say", Arg: say})
		if step.ClassOf(err) != step.ClassPermanent || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%.200s: %v, want %s", say, err, want)
		}
	}
	res, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "say", Arg: `{"events": [{"type": "dataset.explored", "data": {"alerts": 1}}, {"set": [{"type": "dev.runnel.dataset.explored.v1", "data": {}}]}], "rows": 7, "notes": ["n"]}`})
	if err != nil || len(res.Events) != 2 || res.Events[0].Source() != "/pipelines/test/steps/probe" || events.SetOf(res.Events[1]).Size != 1 || res.Rows != 7 || len(res.Notes) != 1 {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestErrors: an error of the guest has the class that it says, but for those
// that are not its to say.
func TestErrors(t *testing.T) {
	h := open(t, nil)
	for say, want := range map[string]step.Class{"permanent": step.ClassPermanent, "retryable": step.ClassRetryable, "gate": step.ClassGate, "timeout": step.ClassTimeout, "poison": step.ClassPermanent, "": step.ClassPermanent, "root": step.ClassPermanent} {
		res, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "say", Arg: `{"error": {"class": "` + say + `", "message": "so it is", "detail": "deep"}, "rows": 3}`})
		var e *step.Error
		if !errors.As(err, &e) || e.Class != want || err.Error() != "so it is" || e.Detail != "deep" || res.Rows != 3 {
			t.Errorf("%q: %v, want class %s", say, described(err), want)
		}
	}
}

// away is an environment whose store is away.
type away struct{ *steptest.Env }

// Table implements step.Env.
func (away) Table(context.Context, events.Ref) (*table.Table, error) {
	return nil, step.Retryable(errors.New("the store is away"))
}

// TestWorld: where the store was at fault, the step may be tried again, whatever
// the guest makes of it.
func TestWorld(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		env := steptest.New(t)
		fn := probe("probe")
		for thing, want := range map[string]string{"copy": "I/O error", "read": "went on without what it asked for: dataset d: part 0: the store is away"} {
			inv := invocationOf(t, fn, events.DatasetIngestedData{Dataset: small(t, env)}, probeParams{Do: thing, Arg: "/in/dataset.columns"})
			_, err := h.Run(t.Context(), fn, inv, away{env})
			if step.ClassOf(err) != step.ClassRetryable || !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%s: %v", thing, err)
			}
		}
	})
}

// TestModules: a module that cannot be run is refused, and the reason said.
func TestModules(t *testing.T) {
	good := reactor(i32Const, 0).bytes()
	imports := func(from, what string) []byte {
		w := &wat{}
		w.imported(from, what, []byte{i32}, nil)
		w.export("runnel_run", 0, w.fn(nil, []byte{i32}, i32Const, 0))
		w.memory(1)
		return w.bytes()
	}
	started := func(body ...byte) []byte {
		w := reactor(i32Const, 0)
		w.start = [][]byte{leb(w.fn(nil, nil, body...))}
		return w.bytes()
	}
	noMemory := &wat{}
	noMemory.export("runnel_run", 0, noMemory.fn(nil, []byte{i32}, i32Const, 0))
	nothing := &wat{}
	nothing.memory(1)
	wrong := &wat{}
	wrong.export("runnel_run", 0, wrong.fn([]byte{i32}, nil))
	wrong.memory(1)
	huge := &wat{}
	huge.export("runnel_run", 0, huge.fn(nil, []byte{i32}, i32Const, 0))
	huge.memory(1 << 16)
	tables := reactor(i32Const, 0)
	tables.tables = [][]byte{cat([]byte{0x70, 0}, leb(1<<31-1))}
	deep := &wat{}
	deep.export("runnel_run", 0, deep.fn(nil, []byte{i32}, call, 0))
	deep.memory(1)
	for what, c := range map[string]struct {
		b    []byte
		want string
	}{
		"good":             {good, ""},
		"no module":        {[]byte("hello"), "not a WebAssembly module"},
		"nothing":          {nil, "not a WebAssembly module"},
		"truncated":        {good[:len(good)-3], "the module is broken"},
		"no export":        {nothing.bytes(), "exports neither _start"},
		"no memory":        {noMemory.bytes(), "exports no memory"},
		"wrong signature":  {wrong.bytes(), "runnel_run is (i32) -> (), want () -> (i32)"},
		"another import":   {imports("env", "system"), `imports "system" of "env"`},
		"unknown function": {imports("wasi_snapshot_preview1", "system"), "system"},
		"wrong import":     {imports("wasi_snapshot_preview1", "fd_write"), "fd_write"},
		"much memory":      {huge.bytes(), "begins with 4096 MiB of memory"},
		"large table":      {tables.bytes(), "entries"},
		"start traps":      {started(unreachable), "unreachable"},
		"traps":            {reactor(unreachable).bytes(), "unreachable"},
		"invalid code":     {reactor(i32Const, 0, drop, drop).bytes(), "compiling the module"},
		"without end":      {deep.bytes(), "stack overflow"},
		"status":           {reactor(i32Const, 7).bytes(), "ended with status 7"},
		"not there":        {nil, "not a WebAssembly module"},
	} {
		t.Run(what, func(t *testing.T) {
			modes(t, Options{Modules: made{"probe": c.b}}, func(t *testing.T, h *Host) {
				_, err := do(t, h, "probe", steptest.New(t), probeParams{})
				if c.want == "" {
					if err != nil {
						t.Error(described(err))
					}
					return
				}
				if step.ClassOf(err) != step.ClassPermanent || !strings.Contains(fmt.Sprint(err), c.want) {
					t.Errorf("%v, want %s", err, c.want)
				}
			})
		})
	}
}

// TestEndless: a guest that does not end is ended at its deadline, wherever it is.
func TestEndless(t *testing.T) {
	spin := []byte{loop, empty, br, 0, end, unreachable}
	starts := reactor(i32Const, 0)
	starts.start = [][]byte{leb(starts.fn(nil, nil, loop, empty, br, 0, end))}
	modules := made{"spins": reactor(spin...).bytes(), "starts": starts.bytes()}
	h := open(t, &Options{Modules: both{modules, NewDir(guests)}})
	for _, c := range []string{"spins", "starts", "probe"} {
		if _, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "nothing"}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		fn := probe(c)
		start := time.Now()
		_, err := h.Run(ctx, fn, invocationOf(t, fn, events.DatasetIngestedData{}, probeParams{Do: "spin"}), steptest.New(t))
		late := time.Since(start) - 300*time.Millisecond
		cancel()
		if step.ClassOf(err) != step.ClassTimeout || late > 100*time.Millisecond {
			t.Errorf("%s: %v, %v after its deadline", c, err, late)
		}
	}
}

// TestCacheDir: compiled code is run only from a folder that nobody else writes.
func TestCacheDir(t *testing.T) {
	for mode, want := range map[os.FileMode]string{0o700: "", 0o755: "0755", 0o770: "0770", 0o777: "0777"} {
		dir := filepath.Join(t.TempDir(), "cache")
		if err := os.Mkdir(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		h := open(t, &Options{Modules: made{"probe": reactor(i32Const, 0).bytes()}, CacheDir: dir})
		_, err := do(t, h, "probe", steptest.New(t), probeParams{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	elsewhere := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	h := open(t, &Options{Modules: made{"probe": reactor(i32Const, 0).bytes()}, CacheDir: link})
	if _, err := do(t, h, "probe", steptest.New(t), probeParams{}); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a link: %v", err)
	}
}

// TestTempDir: nothing is left of workers and large outputs.
func TestTempDir(t *testing.T) {
	dir := t.TempDir()
	modes(t, Options{TempDir: dir, Files: guestfs.Limits{OutMemory: 1}}, func(t *testing.T, h *Host) {
		for _, p := range []probeParams{{Do: "write", Arg: "/out/a", N: 1 << 20}, {Do: "exit", N: 1}, {Do: "copy"}} {
			_, _ = do(t, h, "probe", steptest.New(t), p)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	})
}
