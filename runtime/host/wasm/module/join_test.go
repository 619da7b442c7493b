package module

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"pgregory.net/rapid"
)

// A placed segment is one with its content.
type placed struct {
	segment
	content string
}

// withData is the module good, with data segments.
func withData(segments ...placed) []byte {
	data := binary.AppendUvarint(nil, uint64(len(segments)))
	for _, s := range segments {
		data = append(s.head(data), s.content...)
	}
	return append(binary.AppendUvarint([]byte(good+"\x0b"), uint64(len(data))), data...)
}

func at(offset uint32, content string) placed {
	return placed{segment{offset, len(content)}, content}
}

// memoryOf is the memory that a module begins with; "": it does not begin.
func memoryOf(t interface{ Fatal(...any) }, module []byte) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // it may begin with a loop
	defer cancel()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(16).WithCloseOnContextDone(true))
	defer r.Close(ctx)
	m, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil || m.Memory() == nil {
		return ""
	}
	b, ok := m.Memory().Read(0, m.Memory().Size())
	if !ok {
		t.Fatal("the memory cannot be read")
	}
	return string(b)
}

func segments(module []byte) int {
	_, content, to := dataSection(module)
	return (&reader{b: module[:to], at: content}).count()
}

func TestJoin(t *testing.T) {
	for what, c := range map[string]struct {
		module []byte
		want   int
	}{
		"near":         {withData(at(10, "abc"), at(22, "d"), at(23, "e"), at(56, "f")), 1},
		"far":          {withData(at(10, "abc"), at(46, "d"), at(50, "e")), 2},
		"at the end":   {withData(at(65530, "abc"), at(65535, "d")), 1},
		"beyond it":    {withData(at(65530, "abc"), at(65535, "de")), 1},
		"negative":     {withData(at(10, "a"), at(1<<32-20, "b"), at(1<<32-10, "c")), 2},
		"one on other": {withData(at(10, "abc"), at(12, "d"), at(20, "e")), 3},
		"backwards":    {withData(at(60, "abc"), at(65, "d"), at(2, "e"), at(8, "f")), 2},
		"in between":   {withData(at(60, "abc"), at(70, "d"), at(65, "e")), 3},
		"none":         {withData(), 0},
	} {
		joined := Join(c.module)
		if n := segments(joined); n != c.want {
			t.Errorf("%s: %d segments, want %d", what, n, c.want)
		}
		if memoryOf(t, joined) != memoryOf(t, c.module) {
			t.Errorf("%s: another memory", what)
		}
	}
	passive := strings.Replace(string(withData(at(10, "a"), at(12, "b"))), "\x00\x41\x0a\x0b", "\x01", 1)
	counted := strings.Replace(string(withData(at(10, "a"), at(12, "b"))), "\x0a\x06\x01\x04", "\x0c\x01\x02\x0a\x06\x01\x04", 1)
	for _, b := range []string{good, passive, counted, good[:30], ""} {
		if string(Join([]byte(b))) != b {
			t.Errorf("%q was changed", b)
		}
	}
}

// TestJoinSame: whatever the segments, the memory is the same.
func TestJoinSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []placed
		end := uint32(0)
		for range rapid.IntRange(0, 40).Draw(t, "segments") {
			offset := end + uint32(rapid.IntRange(-1, 3*joinGap).Draw(t, "gap"))
			if rapid.IntRange(0, 9).Draw(t, "elsewhere") == 0 {
				offset = uint32(rapid.IntRange(0, 2000).Draw(t, "offset"))
			}
			content := rapid.StringN(0, 20, 20).Draw(t, "content")
			all = append(all, at(offset, content))
			end = offset + uint32(len(content))
		}
		module := withData(all...)
		if memoryOf(t, Join(module)) != memoryOf(t, module) {
			t.Fatal("another memory")
		}
	})
}

// FuzzJoin: a module that is accepted begins as before, or not as before.
func FuzzJoin(f *testing.F) {
	f.Add(withData(at(10, "abc"), at(22, "d"), at(100, "e")))
	f.Add(withData(at(1<<32-10, "abc"), at(1<<32-2, "d")))
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, b []byte) {
		joined := Join(b)
		if _, err := Check(b, Limits{Memory: 1 << 20}); err != nil || bytes.Equal(joined, b) {
			return
		}
		if memoryOf(t, joined) != memoryOf(t, b) {
			t.Error("another memory")
		}
	})
}
