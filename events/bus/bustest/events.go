package bustest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

func testContent(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	subscribe(t, b, on("content"), in.ack(t))
	var want []events.Event
	for i, c := range []struct {
		contentType, data string
	}{
		{"application/json", `{"b": 1,  "a":"<ü>", "n": 1e400}`},
		{"application/json", "{}\n"},
		{"", `"text"`},
		{"text/plain; charset=utf-8", "a \"line\"\n\x00"},
		{"application/octet-stream", "\x00\xff\xfe"},
		{"application/octet-stream", ""},
	} {
		e := newEvent(fmt.Sprint("id ü/", i))
		e.SetSubject("a key/with ümlauts and \"quotes\".csv")
		e.SetTime(time.Date(2025, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", 3600)))
		e.SetDataSchema("https://example.com/schema?v=1")
		e.SetExtension(events.Run, "run")
		e.SetExtension(events.SetSize, 7)
		e.SetExtension("flag", true)
		if c.contentType != "" {
			e.SetDataContentType(c.contentType)
		}
		e.DataEncoded = []byte(c.data)
		want = append(want, e)
	}
	want = append(want, newEvent("no data"))
	publish(t, b, want...)
	for _, s := range in.wait(t, len(want)) {
		i := slices.IndexFunc(want, func(e events.Event) bool { return e.ID() == s.id })
		if i < 0 {
			t.Fatalf("an event %q came", s.id)
		}
		if err := same(s.event, want[i]); err != nil {
			t.Error(err)
		}
	}
}

func testLargeEvents(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	subscribe(t, b, on("large"), in.ack(t))
	var want []events.Event
	var ids []string
	for i := range 16 { // enough to be sent together
		e := newEvent(fmt.Sprintf("large%02d", i))
		e.SetDataContentType("text/plain")
		e.DataEncoded = bytes.Repeat([]byte{byte('a' + i)}, events.MaxSize-200)
		want, ids = append(want, e), append(ids, e.ID())
	}
	publish(t, b, want...)
	in.only(t, ids...)
	for _, s := range in.list() {
		if err := same(s.event, want[slices.Index(ids, s.id)]); err != nil {
			t.Error(err)
		}
	}
}

func testRefused(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	subscribe(t, b, on("refused"), in.ack(t))
	large := newEvent("large")
	large.SetDataContentType("text/plain")
	large.DataEncoded = make([]byte, events.MaxSize+1)
	invalid := newEvent("x")
	invalid.SetID("")
	for name, e := range map[string]events.Event{"too large": large, "without id": invalid, "empty": {}} {
		if err := b.Publish(t.Context(), newEvent("beside"), e); err == nil {
			t.Errorf("an event %s was published", name)
		}
	}
	in.only(t) // nor what stood beside it
	good := on("refused")
	for name, sub := range map[string]bus.Subscription{
		"no name":      {Filters: good.Filters},
		"a bad name":   {Name: "a.b", Filters: good.Filters},
		"no filters":   {Name: "n"},
		"no type":      {Name: "n", Filters: []bus.Filter{{Pipeline: "p"}}},
		"negative":     {Name: "n", Filters: good.Filters, MaxInFlight: -1},
		"past AckWait": {Name: "n", Filters: good.Filters, AckWait: -time.Second},
	} {
		if err := b.Subscribe(t.Context(), sub, in.ack(t)); err == nil {
			t.Errorf("a subscription with %s was made", name)
		}
	}
	if n, err := b.Pending(t.Context(), "nobody"); err == nil {
		t.Errorf("a subscription that does not exist has %d pending", n)
	}
}

func testBatch(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	sub := on("batch")
	sub.MaxInFlight = 8
	subscribe(t, b, sub, in.ack(t))
	if err := b.Publish(t.Context()); err != nil {
		t.Errorf("publishing nothing: %v", err)
	}
	evs, ids := newEvents("e", h.many(300))
	publish(t, b, evs...)
	in.only(t, ids...)
}

func testFilters(t *testing.T, h Harness) {
	b := open(t, h)
	all := []bus.Filter{
		{Type: "a.v1"}, {Type: "a.v2"}, {Type: "a"}, {Type: "a.v1.x"},
		{Pipeline: "p", Type: "a.v1"}, {Pipeline: "P", Type: "a.v1"}, {Pipeline: "_", Type: "a.v1"}, {Pipeline: "p.a", Type: "v1"},
		{Pipeline: "p q/ü*>%", Type: "a.v1"}, {Pipeline: "p", Type: "a..v1 *.>"},
	}
	boxes := make([]inbox, len(all)+1)
	for i, f := range all {
		subscribe(t, b, bus.Subscription{Name: fmt.Sprint("filter-", i), Filters: []bus.Filter{f}}, boxes[i].ack(t))
	}
	subscribe(t, b, bus.Subscription{Name: "filter_all", Filters: append(all, all...), MaxInFlight: 4}, boxes[len(all)].ack(t))
	var evs []events.Event
	var ids []string
	for i, f := range all {
		ids = append(ids, fmt.Sprint(i))
		evs = append(evs, newEventOf(f.Pipeline, f.Type, ids[i]))
	}
	publish(t, b, append(evs, newEventOf("p", "other", "none"))...)
	boxes[len(all)].only(t, ids...)
	for i := range all {
		boxes[i].only(t, ids[i])
	}
}

func testFiltersChange(t *testing.T, h Harness) {
	b := open(t, h)
	ctx, stop := context.WithCancel(t.Context())
	var before, after inbox
	sub := bus.Subscription{Name: "change", Filters: []bus.Filter{{Type: "a"}, {Type: "b"}}}
	if err := b.Subscribe(ctx, sub, before.ack(t)); err != nil {
		t.Fatal(err)
	}
	publish(t, b, newEventOf("", "a", "a1"), newEventOf("", "b", "b1"), newEventOf("", "c", "c1"))
	before.only(t, "a1", "b1")
	stop()
	time.Sleep(quiet)
	sub.Filters = []bus.Filter{{Type: "b"}, {Type: "c"}}
	sub.AckWait = time.Minute
	subscribe(t, b, sub, after.ack(t))
	publish(t, b, newEventOf("", "a", "a2"), newEventOf("", "b", "b2"), newEventOf("", "c", "c2"))
	eventually(t, func() error {
		if got := after.ids(); !slices.Contains(got, "b2") || !slices.Contains(got, "c2") {
			return fmt.Errorf("delivered %v", got)
		}
		return nil
	})
	if got := after.ids(); slices.Contains(got, "a2") {
		t.Errorf("delivered %v", got)
	}
}

func testFanout(t *testing.T, h Harness) {
	b := open(t, h)
	boxes := make([]inbox, 5)
	for i := range boxes {
		subscribe(t, b, on(fmt.Sprint("fan", i)), boxes[i].ack(t))
	}
	evs, ids := newEvents("e", 20)
	publish(t, b, evs...)
	for i := range boxes {
		boxes[i].only(t, ids...)
	}
}

func testCompeting(t *testing.T, h Harness) {
	buses := []bus.Bus{open(t, h)}
	if h.Shared {
		buses = append(buses, open(t, h))
	} else {
		buses = append(buses, buses[0])
	}
	sub := on("compete")
	sub.AckWait = never
	const each = 8 // at the least, of 60
	var boxes [2]inbox
	var turns [2]atomic.Int32
	var pairs [each]sync.WaitGroup // done when both have got as many
	for i := range pairs {
		pairs[i].Add(len(boxes))
	}
	for i, b := range buses {
		subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
			if n := int(turns[i].Add(1)) - 1; n < each { // the other has a turn before this one goes on
				pairs[n].Done()
				pairs[n].Wait()
			}
			boxes[i].ack(t)(ctx, d)
		})
	}
	evs, ids := newEvents("e", 60)
	publish(t, buses[0], evs...)
	eventually(t, func() error {
		a, b := boxes[0].ids(), boxes[1].ids()
		distinct := slices.Concat(a, b)
		slices.Sort(distinct)
		if distinct = slices.Compact(distinct); len(distinct) < len(ids) {
			return fmt.Errorf("%d and %d deliveries, %d of %d events", len(a), len(b), len(distinct), len(ids))
		}
		return nil
	})
	time.Sleep(quiet)
	got := append(boxes[0].ids(), boxes[1].ids()...)
	slices.Sort(got)
	if h.Repeats {
		got = slices.Compact(got)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("delivered %v, want each of %d once", got, len(ids))
	}
}

func testConcurrent(t *testing.T, h Harness) {
	b := open(t, h)
	const publishers, readers = 16, 3
	each := h.many(30)
	boxes := make([]inbox, readers)
	for i := range boxes {
		sub := on(fmt.Sprint("reader", i))
		sub.MaxInFlight = 1 << i
		subscribe(t, b, sub, boxes[i].ack(t))
	}
	var want []string
	var wg sync.WaitGroup
	for p := range publishers {
		evs, ids := newEvents(fmt.Sprintf("p%02d-", p), each)
		want = append(want, ids...)
		wg.Go(func() {
			for len(evs) > 0 {
				n := min(1+len(evs)%4, len(evs))
				if err := b.Publish(t.Context(), evs[:n]...); err != nil {
					t.Errorf("Publish: %v", err)
				}
				evs = evs[n:]
			}
		})
	}
	wg.Wait()
	for i := range boxes {
		boxes[i].only(t, want...)
		waitPending(t, b, fmt.Sprint("reader", i), 0)
	}
}
