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

// DefaultKey is the API key of a server that was not given another.
const DefaultKey = "test-key"

// Server is a Paperspace in memory. It is an [http.RoundTripper], which needs no network and works inside a
// testing/synctest bubble, and an [http.Handler]. It is safe for concurrent use and has no goroutine of its own: what
// happens by itself has happened when somebody looks.
type Server struct {
	key       string
	clock     func() time.Time
	speed     float64
	origin    time.Time // where the sped-up clock began
	durations Durations
	strict    map[Deviation]bool // the deviations that are switched off
	t         reporter

	mu                            sync.Mutex
	store                         store
	now                           time.Time // as of the call, or of the step, that is being carried out
	agenda                        []step
	running                       map[string]*running // events that have not ended, by id
	outcomes                      map[string][]Outcome
	random                        *rand.Rand
	addresses, networks, requests int // how many there were

	faults []*fault
	dice   *rand.Rand
	calls  []*Call

	forgetful bool
}

// reporter is what a misuse of the server is reported to, at the line of the caller.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// panicker reports where there is no test.
type panicker struct{}

func (panicker) Helper() {}

func (panicker) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Option changes a server as it is made.
type Option func(*Server) error

// WithKey sets the API key that the server takes, [DefaultKey] otherwise.
func WithKey(key string) Option {
	return func(s *Server) error {
		if key == "" {
			return fmt.Errorf("WithKey: the key is empty")
		}
		s.key = key
		return nil
	}
}

// WithClock sets the clock that the server goes by, [time.Now] otherwise. It is asked once for each call.
func WithClock(now func() time.Time) Option {
	return func(s *Server) error {
		if now == nil {
			return fmt.Errorf("WithClock: the clock is nil")
		}
		s.clock = now
		return nil
	}
}

// WithSpeed sets how many seconds of the service pass in one second of the clock. The times that the service tells run
// ahead with it.
func WithSpeed(factor float64) Option {
	return func(s *Server) error {
		if !(factor > 0) || math.IsInf(factor, 1) {
			return fmt.Errorf("WithSpeed: %v is not a number above 0", factor)
		}
		s.speed = factor
		return nil
	}
}

// WithDurations sets how long things take.
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

// WithSeed sets what random things (ids, and which calls a [Fault] with a Chance happens to) come from. The same seed
// gives the same, as long as the same calls are made in the same order.
func WithSeed(seed uint64) Option {
	return func(s *Server) error {
		s.seed(seed)
		return nil
	}
}

// WithoutCalls keeps the server from remembering the calls that it received, for one that runs for long.
func WithoutCalls() Option {
	return func(s *Server) error {
		s.forgetful = true
		return nil
	}
}

// New makes a server for a test. Misusing it, with a fault for an operation that does not exist, say, fails the test
// at the line that does it.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := newServer(t, opts)
	if err != nil {
		t.Fatalf("paperspacetest: %v", err)
	}
	return s
}

// NewServer makes a server where there is no test. Misusing it panics.
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
	s.furnish()
	return s, nil
}

func (s *Server) seed(seed uint64) {
	s.random = rand.New(rand.NewPCG(seed, 1))
	s.dice = rand.New(rand.NewPCG(seed, 2))
}

// Key is the API key that the server takes.
func (s *Server) Key() string { return s.key }

// URL is the base URL of the server as an [http.RoundTripper]. It takes requests to any host.
func (s *Server) URL() string { return "https://paperspace.test/v1" }

// HTTPClient returns a client whose requests all go to the server.
func (s *Server) HTTPClient() *http.Client { return &http.Client{Transport: s} }

// Client returns a client of the server, without a network in between. Options come on top of what that needs.
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

// time is what the server's own clock shows.
func (s *Server) time() time.Time {
	passed := float64(s.clock().Sub(s.origin)) * s.speed
	return s.origin.Add(time.Duration(min(passed, farthest)))
}

// farthest is where a clock stops that is sped up beyond what a time.Duration holds.
const farthest = float64(math.MaxInt64 / 2)

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// id makes an id like those of the service: a prefix that tells the kind, and letters and digits.
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

// timestamp is a time as the service writes it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (s *Server) stamp() string { return timestamp(s.now) }
