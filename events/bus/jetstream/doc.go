// Package jetstream is the durable bus, over NATS JetStream: embedded in the
// process with Open, where a directory is all it needs, or on an outside server
// or cluster with Connect, where many processes share it.
//
// # What is durable when
//
// Publish returns nil after the server has written and fsynced the event
// (embedded, the server runs with SyncAlways; an outside one must be given
// sync_interval: always in its jetstream block, or three replicas on machines
// that do not lose power together). The event then survives kill -9 and loss of
// power. The directory entry of a new block file is not fsynced apart from its
// file: ext4, XFS and btrfs make it durable with the file.
//
// A subscription is durable when Subscribe returns, with the place in the
// stream from which it takes events.
//
// Ack returns when the server has noted it. The server writes such notes to
// disk up to 100 ms later, all that a subscription has gathered at once, and at
// an orderly Close. So an acknowledgement in the last moments before a crash
// may be forgotten, and the event comes again: at least once, as package bus
// says. Counts of attempts and delays of retries are kept likewise; a retry
// whose delay a crash forgot comes after AckWait.
//
// When Publish returns an error, events may or may not have been accepted;
// publishing them again is right, and within two minutes an event with the same
// source and id is stored once.
//
// # Several processes
//
// On an outside server many processes may serve one subscription, each with a
// bus of its own. Those that make subscriptions and change them need rights that
// those with Options.Attach do not. In a cluster a subscription is served by one
// of the servers; when another takes over, waiting requests are made again at once.
//
// # Group commit
//
// An fsync for each event bounds the rate. Events that are published while
// others are being written gather; once enough wait, they are sent as one
// atomic batch, for which the server syncs a fixed number of times however many
// there are. A batch that the server refuses is published again one by one, so
// that each event gets its own error.
//
// # Space
//
// The stream refuses new events when it is full rather than drop old ones.
// Events that every subscription has acknowledged are removed as space is
// needed. So a subscription that nobody serves holds on to its events: remove
// it with Unsubscribe.
package jetstream
