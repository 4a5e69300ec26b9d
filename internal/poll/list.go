package poll

import "time"

const (
	// barrenPages is how many pages in a row may have no target before a sweep ends. It is less where fewer targets are
	// left to find.
	barrenPages = 8
	// barrenShare and openShare allow a large list more barren pages: one for each barrenShare of its pollers, unless that
	// is more than one for each openShare of those whose targets are left to find.
	barrenShare, openShare = 10, 4
	// singlePolls is how often a poller polls by itself after a sweep did not find its target.
	singlePolls = 20
	// sweepAge is how old a sweep may be when a poller that is due continues it instead of beginning another.
	sweepAge = 2 * time.Second
	// pagePatience is how long pollers wait for a page. Then one of them requests it again, and at intervals that double up
	// to maxPageRetry, while the others poll by themselves.
	pagePatience, maxPageRetry = 1500 * time.Millisecond, time.Minute
)

// list is how far a list of the service, newest items first, was read by the latest sweep. A sweep reads pages from the
// newest on, as long as that is likely to cost less than single requests.
type list struct {
	pollers int // of the list
	depth   int // pages that it took to find the last target, 0 after a sweep in vain
	sweep
	tries int       // requests for the next page
	retry time.Time // when it may be requested again
}

type sweep struct {
	first  int       // the number of its first request
	began  time.Time // when that was sent: targets that the pages have are due again an interval later
	jitter float64   // of these intervals, so that all are due together again
	pages  int       // read so far
	cursor string    // of the next page
	done   bool      // there is no next page
	open   int       // pollers that are due and whose targets were not found yet
	barren int       // the latest pages, in a row, that had no target
}

// pays reports whether to read the next page: some pages to search, and more to where the last sweep found something.
func (l *list) pays() bool {
	search := l.barren < max(min(barrenPages, l.open), min(l.pollers/barrenShare, l.open/openShare))
	return !l.done && l.open > 1 && (search || l.pages < l.depth && l.depth-l.pages < l.open)
}

// request records a request for the next page.
func (l *list) request(now time.Time) {
	l.retry = now.Add(min(pagePatience<<min(l.tries, 6), maxPageRetry))
	l.tries++
}

// read records that the next page was read.
func (l *list) read(next string, found, open int) {
	l.pages, l.open, l.barren = l.pages+1, open, l.barren+1
	if found > 0 {
		l.barren, l.depth = 0, max(l.depth, l.pages)
	}
	l.cursor, l.done = next, next == "" || next == l.cursor
	l.tries, l.retry = 0, time.Time{}
}
