package job

import (
	"encoding/binary"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func request(task learn.Task) *Request {
	x, y := learntest.Data(task, 20, 1)
	r := &Request{Estimator: "ridge", Params: json.RawMessage(`{"alpha":2}`), Seed: 1<<63 + 1, Task: task, Classes: y.Classes, Features: x.Names, X: x, Y: y}
	if task == learn.Regression {
		r.Weights = y.Values
	}
	return r
}

func TestRoundTrip(t *testing.T) {
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		want := request(task)
		b, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeRequest(b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", task, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	whole, err := request(learn.Classification).Encode()
	if err != nil {
		t.Fatal(err)
	}
	header := int(binary.LittleEndian.Uint64(whole))
	with := func(old, changed string) []byte {
		text := strings.Replace(string(whole[8:8+header]), old, changed, 1)
		if text == string(whole[8:8+header]) {
			t.Fatalf("%s is not in %s", old, text)
		}
		return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), whole[8+header:]...)
	}
	for want, b := range map[string][]byte{
		"cut short":      whole[:5],
		"its header is":  append([]byte{255, 255, 255, 255, 255, 255, 255, 255}, whole...),
		"its header:":    with(`{`, `[`),
		"its arrays":     whole[:len(whole)-1],
		"for 3 features": with(`"x0",`, ``),
		"the task is":    with(`classification`, `clustering`),
		"no target":      with(`classification`, `regression`),
		"none of the 2":  with(`"`+request(learn.Classification).Classes[0]+`",`, ``),
	} {
		if _, err := DecodeRequest(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func FuzzDecodeRequest(f *testing.F) {
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		b, err := request(task).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRequest(b)
		if err != nil {
			return
		}
		if err := learn.CheckShape(r.X, r.Y, &learn.Options{Weights: r.Weights}); err != nil {
			t.Errorf("a request is taken that cannot be fitted: %v", err)
		}
	})
}
