// SPDX-License-Identifier: MIT

package loadgen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// seqHeader is where vegeta's attacker tells its transport the number of a
// request. vegeta picks targets outside the lock that numbers requests, so only
// this header ties a request to its intended moment. It never goes on the wire.
const seqHeader = "X-Vegeta-Seq"

// maxDial bounds the wait for a connection, however patient the order is.
const maxDial = 5 * time.Second

// call is what the transport saw of one request.
type call struct {
	endpoint int    // its place in Endpoints()
	failure  string // "" if all went well
	status   int    // 0 if there was no answer
	header   http.Header
	verdict  verdict
	age      time.Duration // of a stale answer
	canceled bool          // cut off by a stop
}

// transport makes the real request out of vegeta's blank one, by its number, and
// reads the answer to its end, so that what it teaches is known before the next
// request leaves. Safe for concurrent use.
type transport struct {
	ctx      context.Context // its end cuts off what is in flight
	order    Order
	target   *url.URL
	sequence *Sequence
	ledger   *ledger
	zero     time.Time
	inner    *http.Transport
	heads    sync.Pool // of *[headBytes]byte
	plain    http.Header
	json     http.Header

	sent        atomic.Int64
	inFlight    atomic.Int64
	peak        atomic.Int64
	connections atomic.Int64

	mu    sync.Mutex
	calls map[uint64]*call
}

func newTransport(ctx context.Context, o Order, sequence *Sequence) (*transport, error) {
	target, err := url.Parse(o.Target)
	if err != nil {
		return nil, err
	}
	t := &transport{
		ctx: ctx, order: o, target: target, sequence: sequence,
		ledger: newLedger(), zero: time.Now(), calls: map[uint64]*call{},
		heads: sync.Pool{New: func() any { return new([headBytes]byte) }},
		plain: http.Header{"User-Agent": {"systemlab-load"}},
		json:  http.Header{"User-Agent": {"systemlab-load"}, "Content-Type": {"application/json"}},
	}
	t.inner = newInner(o, &t.connections)
	return t, nil
}

// newInner is a plain HTTP/1.1 transport: no proxy, no compression, connections
// kept as long as the server keeps them. Idle ones go after 60 s, before nginx
// closes them at 75: a request sent into a closing connection would look like a fault.
func newInner(o Order, connections *atomic.Int64) *http.Transport {
	dialer := &net.Dialer{Timeout: min(maxDial, seconds(o.TimeoutSeconds)), KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err == nil {
				connections.Add(1)
			}
			return conn, err
		},
		Protocols:           protocols,
		DisableCompression:  true,
		DisableKeepAlives:   o.Connections == NewForEach,
		MaxIdleConnsPerHost: o.MaxWorkers,
		IdleConnTimeout:     time.Minute,
	}
}

// since is the time on the attack's clock.
func (t *transport) since(at time.Time) time.Duration { return at.Sub(t.zero) }

// RoundTrip sends request number X-Vegeta-Seq. The answer's body is already
// read when it returns, so that it is part of the latency and of the time-out.
func (t *transport) RoundTrip(blank *http.Request) (*http.Response, error) {
	t.sent.Add(1)
	t.busier()
	defer t.inFlight.Add(-1)

	number, err := strconv.ParseUint(blank.Header.Get(seqHeader), 10, 63)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.ctx, seconds(t.order.TimeoutSeconds))
	defer cancel()
	c := &call{}
	answer, err := t.do(ctx, blank, int(number), c)
	if err != nil {
		c.failure = failureOf(err)
		c.canceled = t.ctx.Err() != nil && errors.Is(err, context.Canceled)
	}
	t.mu.Lock()
	t.calls[number] = c
	t.mu.Unlock()
	return answer, err
}

// busier counts one more in flight, and the most there ever were.
func (t *transport) busier() {
	now := t.inFlight.Add(1)
	for peak := t.peak.Load(); now > peak && !t.peak.CompareAndSwap(peak, now); peak = t.peak.Load() {
	}
}

// take hands out what is known of a finished request, once.
func (t *transport) take(number uint64) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[number]
	delete(t.calls, number)
	return c
}

// do makes request n, sends it, reads its answer and notes what it was worth.
func (t *transport) do(ctx context.Context, blank *http.Request, n int, c *call) (*http.Response, error) {
	ask := t.sequence.At(n)
	id := ask.User
	c.endpoint = ask.endpoint
	if ask.Endpoint == UserDelete {
		var ok bool
		if id, ok = t.ledger.take(); !ok {
			ask.Endpoint = UserCreate
			c.endpoint = placeOf(UserCreate)
		}
	}
	request := t.request(ctx, blank, ask.Endpoint, id, n)

	var expected expectation
	switch ask.Endpoint {
	case User, Messages:
		expected = t.ledger.expect(id, t.since(time.Now()))
	case UserUpdate:
		t.ledger.writing(id)
	}
	answer, err := t.inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	got, err := t.read(answer.Body, asksForUser(ask.Endpoint) || ask.Endpoint == UserCreate)
	if err != nil {
		return nil, err
	}
	answer.Body = http.NoBody
	c.status, c.header = answer.StatusCode, answer.Header
	if failed(ask.Endpoint, c.status) {
		c.failure = Status
		return answer, nil
	}
	t.learn(ask.Endpoint, id, expected, got, c)
	return answer, nil
}

// learn tells the ledger of a good answer.
func (t *transport) learn(endpoint string, id int, expected expectation, got row, c *call) {
	now := t.since(time.Now())
	switch {
	case endpoint == User || endpoint == Messages:
		c.verdict, c.age = t.ledger.judge(id, expected, got, now)
	case endpoint == UserUpdate && got.found && got.id == int64(id):
		t.ledger.wrote(id, got.version, now)
	case endpoint == UserCreate && got.id > 0:
		t.ledger.made(int(got.id))
	}
}

// read drains a body and, where asked, finds the row in its beginning.
func (t *transport) read(body io.Reader, wanted bool) (got row, err error) {
	if wanted {
		head := t.heads.Get().(*[headBytes]byte)
		defer t.heads.Put(head)
		n, err := fill(body, head[:])
		if err != nil && err != io.EOF {
			return row{}, err
		}
		got = scanRow(head[:n], err == io.EOF)
	}
	_, err = io.Copy(io.Discard, body)
	return got, err
}

// fill reads until the buffer is full or there is no more. io.ReadFull would do,
// but can't tell a short body from one that was cut off: both are ErrUnexpectedEOF.
func fill(body io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var more int
		more, err = body.Read(buffer[n:])
		n += more
	}
	return n, err
}

// request fills in a copy of vegeta's blank request.
func (t *transport) request(ctx context.Context, blank *http.Request, endpoint string, id, n int) *http.Request {
	r := blank.WithContext(ctx)
	u := *t.target
	r.URL = &u
	r.Header = t.plain
	r.Method = http.MethodGet
	user := u.Path + "/users/" + strconv.Itoa(id)
	switch endpoint {
	case Ping:
		u.Path += "/ping"
	case LongQ:
		u.Path += "/longQ"
		u.RawQuery = "for=1s"
	case LoadQ:
		u.Path += "/loadQ/" + strconv.Itoa(t.order.LoadN)
	case User:
		u.Path = user
	case Messages:
		u.Path = user + "/messages"
	case UserDelete:
		r.Method = http.MethodDelete
		u.Path = user
	case UserUpdate:
		r.Method = http.MethodPut
		u.Path = user
		t.body(r, n)
	case UserCreate:
		r.Method = http.MethodPost
		u.Path += "/users"
		t.body(r, n)
	}
	return r
}

// body gives a write its content, which follows from its number like all else.
func (t *transport) body(r *http.Request, n int) {
	content := []byte(`{"name":"written by request ` + strconv.Itoa(n) + `"}`)
	r.Header = t.json
	r.Body = io.NopCloser(bytes.NewReader(content))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	r.ContentLength = int64(len(content))
}
