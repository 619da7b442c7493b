package engine

import (
	"container/list"
	"runtime/debug"
	"sync"

	"github.com/runnel-dev/runnel/table"
)

// tableCache keeps the tables that were used last, up to a number of bytes, so
// that a step need not decode what the step before it wrote. Tables are
// immutable and named by digest, so nothing in it can be stale.
type tableCache struct {
	mu    sync.Mutex
	limit int64
	size  int64
	byKey map[string]*list.Element
	order *list.List // the front was used last
}

type cachedTable struct {
	key  string
	t    *table.Table
	size int64
}

// newTableCache makes a cache of that many bytes, or of a sixteenth of what the
// Go runtime may use (GOMEMLIMIT) where that is less.
func newTableCache(limit int64) *tableCache {
	limit = min(limit, debug.SetMemoryLimit(-1)/16)
	return &tableCache{limit: limit, byKey: map[string]*list.Element{}, order: list.New()}
}

func (c *tableCache) get(key string) *table.Table {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedTable).t
}

func (c *tableCache) put(key string, t *table.Table) {
	size := t.Bytes()
	c.mu.Lock()
	defer c.mu.Unlock()
	if size > c.limit || c.byKey[key] != nil {
		return
	}
	c.byKey[key] = c.order.PushFront(&cachedTable{key, t, size})
	for c.size += size; c.size > c.limit; {
		last := c.order.Back()
		old := c.order.Remove(last).(*cachedTable)
		delete(c.byKey, old.key)
		c.size -= old.size
	}
}
