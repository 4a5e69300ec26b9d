package paperspacetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/paperspace-go/paperspace"
)

// DefaultKey is the API key of a server without [WithKey].
const DefaultKey = "test-key"

// Server is an in-memory Paperspace. It is an [http.RoundTripper], which needs no network and works inside a
// testing/synctest bubble, and an [http.Handler]. It is safe for concurrent use. It has no goroutines of its own: each
// call first applies the state changes that have come due since the last one.
type Server struct {
	key       string
	clock     func() time.Time
	speed     float64
	origin    time.Time // start of the sped-up clock
	durations Durations
	strict    map[Deviation]bool // the deviations that are turned off
	t         reporter

	mu                            sync.Mutex
	store                         store
	now                           time.Time // the time of the current call or step
	schedule                      []step
	running                       map[string]*running // unfinished events, by id
	outcomes                      map[string][]Outcome
	random                        *rand.Rand
	addresses, networks, requests int // numbers assigned so far

	faults       []*fault
	faultRandom  *rand.Rand
	calls        []*Call
	withoutCalls bool
}

// reporter reports misuse of the server at the line of the caller. A testing.TB is one.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// panicker is the reporter outside tests.
type panicker struct{}

func (panicker) Helper() {}

func (panicker) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Option configures a [Server].
type Option func(*Server) error

// WithKey sets the API key that the server accepts. The default is [DefaultKey].
func WithKey(key string) Option {
	return func(s *Server) error {
		if key == "" {
			return fmt.Errorf("WithKey: the key is empty")
		}
		s.key = key
		return nil
	}
}

// WithClock sets the server's clock. The default is [time.Now].
func WithClock(now func() time.Time) Option {
	return func(s *Server) error {
		if now == nil {
			return fmt.Errorf("WithClock: the clock is nil")
		}
		s.clock = now
		return nil
	}
}

// WithSpeed sets how many seconds pass for the server in one second of its clock. Times in responses, in the header Date
// too, run ahead accordingly.
func WithSpeed(factor float64) Option {
	return func(s *Server) error {
		if !(factor > 0) || math.IsInf(factor, 1) {
			return fmt.Errorf("WithSpeed: %v is not a finite number above 0", factor)
		}
		s.speed = factor
		return nil
	}
}

// WithDurations sets how long state changes take.
func WithDurations(d Durations) Option {
	return func(s *Server) error {
		for _, each := range d.fields() {
			if *each < 0 {
				return fmt.Errorf("WithDurations: %v is negative", *each)
			}
		}
		s.durations = d
		return nil
	}
}

// WithSeed seeds the random choices of the server: ids, and which calls a [Fault] with a Chance affects. With the same
// seed, the same calls in the same order give the same results.
func WithSeed(seed uint64) Option {
	return func(s *Server) error {
		s.seed(seed)
		return nil
	}
}

// WithoutCalls stops the server from recording calls, which saves memory in a server that runs for long.
func WithoutCalls() Option {
	return func(s *Server) error {
		s.withoutCalls = true
		return nil
	}
}

// New returns a server for a test. Misuse, such as a fault for an endpoint that does not exist, fails the test at the
// line of the caller.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := newServer(t, opts)
	if err != nil {
		t.Fatalf("paperspacetest: %v", err)
	}
	return s
}

// NewServer returns a server for use outside tests. Misuse panics.
func NewServer(opts ...Option) *Server {
	s, err := newServer(panicker{}, opts)
	if err != nil {
		panic("paperspacetest: " + err.Error())
	}
	return s
}

func newServer(t reporter, opts []Option) (*Server, error) {
	s := &Server{
		key: DefaultKey, clock: time.Now, speed: 1, strict: map[Deviation]bool{}, t: t,
		store:    store{tables: map[kind]*table{}},
		running:  map[string]*running{},
		outcomes: map[string][]Outcome{},
	}
	s.seed(1)
	for _, opt := range opts {
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	s.durations.setDefaults()
	s.origin = s.clock()
	s.now = s.origin
	s.addDefaults()
	return s, nil
}

func (s *Server) seed(seed uint64) {
	s.random = rand.New(rand.NewPCG(seed, 1))
	s.faultRandom = rand.New(rand.NewPCG(seed, 2))
}

// Key returns the API key that the server accepts.
func (s *Server) Key() string { return s.key }

// URL returns the base URL to use with the server as an [http.RoundTripper]. The server accepts requests to any host.
func (s *Server) URL() string { return "https://paperspace.test/v1" }

// HTTPClient returns an HTTP client that sends every request to the server.
func (s *Server) HTTPClient() *http.Client { return &http.Client{Transport: s} }

// Client returns a client that calls the server directly, without a network. The given options are applied after those
// that connect it.
func (s *Server) Client(opts ...paperspace.Option) *paperspace.Client {
	s.t.Helper()
	c, err := paperspace.NewClient(append([]paperspace.Option{
		paperspace.WithBaseURL(s.URL()), paperspace.WithAPIKey(s.key), paperspace.WithHTTPClient(s.HTTPClient()),
	}, opts...)...)
	if err != nil {
		s.t.Fatalf("paperspacetest: %v", err)
	}
	return c
}

// time returns the current time of the sped-up clock.
func (s *Server) time() time.Time {
	passed := float64(s.clock().Sub(s.origin)) * s.speed
	return s.origin.Add(time.Duration(min(passed, maxElapsed)))
}

// maxElapsed is where a clock stops that is sped up beyond the range of time.Duration.
const maxElapsed = float64(math.MaxInt64 / 2)

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// id returns a new id in the service's style: a prefix for the kind, then random letters and digits.
func (s *Server) id(prefix string, length int) string {
	b := []byte(prefix)
	for range length {
		b = append(b, idLetters[s.random.IntN(len(idLetters))])
	}
	return string(b)
}

func (s *Server) uuid() string {
	var id [16]byte
	for i := range id {
		id[i] = byte(s.random.Uint32())
	}
	return formatUUID(id)
}

// timestamp formats a time as the service does.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (s *Server) stamp() string { return timestamp(s.now) }
