package sampling

import (
	"cmp"
	"slices"
	"time"
)

// activeFor is how long a client that stopped reporting counts when the
// reservoir is shared; three intervals bridge two lost reports.
const activeFor = 3 * interval

// maxClients bounds the clients of one rule that are told apart. Clients beyond
// it get no quota: they sample at the fixed rate.
const maxClients = 1000

// reservoir shares one rule's requests per second among its clients. The
// service's own way is not public. Here each client's share follows its demand;
// what does not divide evenly goes round.
type reservoir struct {
	clients map[string]*client
	used    time.Time // last grant
}

type client struct {
	id      string
	demand  float64 // requests per second, by the last report
	seen    time.Time
	granted time.Time // when it last got a quota above zero
	quotas  []quota   // not expired, each smaller than the one before: an answer may have been lost
}

type quota struct {
	size  int
	until time.Time
}

func newReservoir() *reservoir { return &reservoir{clients: make(map[string]*client)} }

// held is the most the client may believe it has.
func (c *client) held(now time.Time) int {
	c.quotas = slices.DeleteFunc(c.quotas, func(q quota) bool { return !q.until.After(now) })
	most := 0
	for _, q := range c.quotas {
		most = max(most, q.size)
	}
	return most
}

// grant takes one report and answers with a quota and its end.
func (r *reservoir) grant(size int, id string, requests int64, now time.Time) (int, time.Time) {
	r.used = now
	until := now.Add(quotaLife)
	for key, c := range r.clients {
		if now.Sub(c.seen) > activeFor && c.held(now) == 0 {
			delete(r.clients, key)
		}
	}
	c := r.clients[id]
	switch {
	case c != nil:
		period := max(now.Sub(c.seen), time.Second)
		c.demand = float64(max(requests, 1)) / period.Seconds()
	case len(r.clients) >= maxClients:
		return 0, until
	default:
		c = &client{id: id, demand: r.meanDemand()}
		r.clients[id] = c
	}
	c.seen = now

	others := 0
	for _, o := range r.clients {
		if o != c {
			others += o.held(now)
		}
	}
	c.held(now) // drops what expired
	q := max(min(r.share(size, c), size-others), 0)
	if q > 0 {
		c.granted = now
		c.quotas = slices.DeleteFunc(c.quotas, func(old quota) bool { return old.size <= q })
		c.quotas = append(c.quotas, quota{q, until})
	}
	return q, until
}

// meanDemand is what a client that never reported counts as: an equal share.
func (r *reservoir) meanDemand() float64 {
	if len(r.clients) == 0 {
		return 1
	}
	sum := 0.0
	for _, c := range r.clients {
		sum += c.demand
	}
	return sum / float64(len(r.clients))
}

// share is c's part of the reservoir by demand. The remainder goes, one by one,
// to the clients that have been without for the longest.
func (r *reservoir) share(size int, c *client) int {
	total := 0.0
	for _, o := range r.clients {
		total += o.demand
	}
	floor := func(o *client) int { return int(float64(size) * o.demand / total) }
	left := size
	waiting := make([]*client, 0, len(r.clients))
	for _, o := range r.clients {
		left -= floor(o)
		waiting = append(waiting, o)
	}
	slices.SortFunc(waiting, func(a, b *client) int {
		return cmp.Or(a.granted.Compare(b.granted), cmp.Compare(a.id, b.id))
	})
	share := floor(c)
	if at := slices.Index(waiting, c); at < left {
		share++
	}
	return share
}
