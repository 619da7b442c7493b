package boost

// A team is a number of goroutines that work on the same thing at the same time.
type team struct {
	size int
	work []chan func(worker int)
	done chan struct{}
}

func newTeam(size int) *team {
	t := &team{size: size, done: make(chan struct{}, size)}
	for worker := 1; worker < size; worker++ {
		work := make(chan func(int), 1)
		t.work = append(t.work, work)
		go func() {
			for f := range work {
				f(worker)
				t.done <- struct{}{}
			}
		}()
	}
	return t
}

// each calls f once for each worker, all at once, and waits for them.
func (t *team) each(f func(worker int)) {
	for _, work := range t.work {
		work <- f
	}
	f(0)
	for range t.work {
		<-t.done
	}
}

// stop ends the goroutines.
func (t *team) stop() {
	for _, work := range t.work {
		close(work)
	}
}
