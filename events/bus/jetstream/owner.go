package jetstream

import (
	"fmt"
	"maps"

	"github.com/nats-io/nats.go/jetstream"
)

// storeKey is where a stream's metadata has the id of its store.
const storeKey = "runnel.store"

// ownMetadata is a stream's metadata with the id of the store.
func (b *Bus) ownMetadata(m map[string]string) map[string]string {
	if b.opts.Store == "" {
		return m
	}
	own := map[string]string{}
	maps.Copy(own, m)
	own[storeKey] = b.opts.Store
	return own
}

// checkStore refuses the stream of another store. One made before streams kept
// the id of their store has none, and is anyone's.
func (b *Bus) checkStore(cfg jetstream.StreamConfig) error {
	has := cfg.Metadata[storeKey]
	if has == "" || b.opts.Store == "" || has == b.opts.Store {
		return nil
	}
	return fmt.Errorf("stream %s: %w: that with the id %s, and the one named here has the id %s; name the store of the other nodes with --store, or other servers with --nats; "+
		"where that store is gone for good, remove its events: nats stream rm %s", cfg.Name, ErrOtherStore, has, b.opts.Store, cfg.Name)
}
