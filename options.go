package paperspace

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace/internal/transport"
)

const defaultAttemptTimeout = 60 * time.Second

// Option changes a client as it is made, by [NewClient] or [Client.With].
type Option interface{ applyClient(*config) error }

// RequestOption changes one call. Methods that make several calls (All, and the helpers whose docs say Calls) apply
// it to each of them.
type RequestOption interface{ applyRequest(*requestConfig) error }

// ClientOrRequestOption serves as both.
type ClientOrRequestOption interface {
	Option
	RequestOption
}

type (
	clientOption  func(*config) error
	requestOption func(*requestConfig) error
)

func (o clientOption) applyClient(c *config) error          { return o(c) }
func (o requestOption) applyRequest(c *requestConfig) error { return o(c) }

// config is what options set. A nil or zero field is the default.
type config struct {
	authorization func(context.Context) (string, error) // nil: no key; in a closure, which printers that go by reflection do not look into
	envError      error         // why the environment gave no key
	baseURL       string
	baseURLSource string
	httpClient    *http.Client    // our copy of the caller's
	ownTransport  *http.Transport // the default transport, when it is ours to close
	retry         RetryPolicy
	logger        *slog.Logger
	userAgent     string
	hooks         []hook
	pollMin       time.Duration
	pollMax       time.Duration
	maxBody       int64
}

// WithAPIKey sets the API key. Space around it is cut off; an empty key is an error, and so is one with a character in
// it that is not printable ASCII, such as a control character or a byte order mark.
func WithAPIKey(key string) Option {
	return clientOption(func(c *config) error {
		trimmed, err := checkKey("WithAPIKey", key)
		if err != nil {
			return err
		}
		c.authorize(trimmed)
		return nil
	})
}

func (c *config) authorize(key string) {
	header := "Bearer " + key
	c.authorization = func(context.Context) (string, error) { return header, nil }
}

func checkKey(source, key string) (string, error) {
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return "", &ParamError{Field: source, Reason: "the API key is empty"}
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", &ParamError{Field: source, Reason: "the API key has a character in it that is not printable ASCII"}
	}
	return key, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// FromEnv reads the environment: the API key from PAPERSPACE_API_KEY, else from the file that PAPERSPACE_API_KEY_FILE
// names, and the base URL from PAPERSPACE_API_URL, if that is set. Finding no usable key is an error only when no other
// option gives one.
func FromEnv() Option {
	return clientOption(func(c *config) error {
		if u := strings.TrimSpace(os.Getenv("PAPERSPACE_API_URL")); u != "" {
			c.baseURL, c.baseURLSource = u, "PAPERSPACE_API_URL"
		}
		key, err := keyFromEnv()
		if err != nil {
			c.envError = err
			return nil
		}
		c.authorize(key)
		return nil
	})
}

func keyFromEnv() (string, error) {
	const variable, fileVariable = "PAPERSPACE_API_KEY", "PAPERSPACE_API_KEY_FILE"
	if key := os.Getenv(variable); strings.TrimSpace(key) != "" {
		return checkKey(variable, key)
	}
	name := os.Getenv(fileVariable)
	if name == "" {
		return "", &ParamError{Field: variable, Reason: "is not set, nor is " + fileVariable}
	}
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("paperspace: %s: %w", fileVariable, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 64<<10)) // it may name a device that never ends
	if err != nil {
		return "", fmt.Errorf("paperspace: %s: %w", fileVariable, err)
	}
	return checkKey(fileVariable, string(content))
}

// WithBaseURL sets where the API is served, [DefaultBaseURL] otherwise. It must be https, except on loopback addresses,
// without user, query and fragment; a path in it is kept.
func WithBaseURL(baseURL string) Option {
	return clientOption(func(c *config) error {
		if strings.TrimSpace(baseURL) == "" {
			return &ParamError{Field: "WithBaseURL", Reason: "is empty"}
		}
		c.baseURL, c.baseURLSource = baseURL, "WithBaseURL"
		return nil
	})
}

// WithHTTPClient sends requests through a copy of hc, with its Transport, Jar, Timeout (for each attempt) and
// CheckRedirect; a redirect is followed only where both hc and this package allow it. A nil Transport means this
// package's default.
//
// Whether a failed attempt left the machine is learned from [net/http/httptrace], and from whether anybody read the
// request's body. A Transport that reports its connections through httptrace must report all of them, and must not return
// while a request goes on: one with a second, untraced road (a fallback proxy, say) makes a request look unsent that was
// sent, and this package may then send it again. A Transport that repeats a request by itself is stopped, except where it
// repeats a read after a response.
func WithHTTPClient(hc *http.Client) Option {
	return clientOption(func(c *config) error {
		if hc == nil {
			return &ParamError{Field: "WithHTTPClient", Reason: "is nil"}
		}
		own := *hc
		c.httpClient, c.ownTransport = &own, nil
		return nil
	})
}

// WithLogger logs every attempt: at level debug, and at warn if another attempt follows. The attributes are operation,
// method, path_template, status, attempt, duration and request_id, with reason (the kind of the error) where an attempt
// failed and retry_in (the delay) where another one follows. Nil, the default, logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return clientOption(func(c *config) error {
		c.logger = logger
		return nil
	})
}

// WithUserAgent puts a product such as "my-tool/1.2" before this package's own in the User-Agent header.
func WithUserAgent(product string) Option {
	return clientOption(func(c *config) error {
		if strings.ContainsFunc(product, isControl) {
			return &ParamError{Field: "WithUserAgent", Reason: "has a control character in it"}
		}
		c.userAgent = strings.TrimSpace(product)
		return nil
	})
}

// WithMaxResponseBody sets how many bytes the body of a good answer may have, 64 MiB unless set. A larger one is an
// error, and after a write one that matches [ErrOutcomeUnknown].
func WithMaxResponseBody(bytes int64) Option {
	return clientOption(func(c *config) error {
		if bytes <= 0 {
			return &ParamError{Field: "WithMaxResponseBody", Reason: "must be positive"}
		}
		c.maxBody = min(bytes, math.MaxInt64-1) // one more is read, to tell a body that ends from one that goes on
		return nil
	})
}

// WithPollInterval sets how often waits ask the service: after shortest at first, then less and less often, down to
// once every longest. Zero means the default, 1 s and 10 s. A request that is not answered within 10 s is made again
// later, once the others are answered, and is then given twice the time, up to the AttemptTimeout of [RetryPolicy]: for
// so long, at most once in every round, may something that hangs hold up the other waits of the client.
func WithPollInterval(shortest, longest time.Duration) Option {
	return clientOption(func(c *config) error {
		p := RetryPolicy{MinDelay: shortest, MaxDelay: longest}
		if err := p.check("WithPollInterval"); err != nil {
			return err
		}
		c.pollMin, c.pollMax = shortest, longest
		return nil
	})
}

// RetryPolicy says how often, how fast and how long an operation is tried. A zero field means the default.
//
// What may be sent again depends on the operation; see [Class].
type RetryPolicy struct {
	// MaxAttempts counts the first attempt as well; 1 means no retries, 0 the default of 4.
	MaxAttempts int
	// MinDelay is the ceiling of the first delay, 500 ms by default. The ceiling doubles with every attempt, and each
	// delay is drawn at random between 0 and the ceiling.
	MinDelay time.Duration
	// MaxDelay is what the ceiling grows to, 30 s by default.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for, 60 s by default. A service that asks for more gets no
	// further attempt: the call returns its answer at once.
	MaxRetryAfter time.Duration
	// AttemptTimeout is how long one attempt may take, to the last byte of the answer, 60 s by default. The time that
	// it waits for a free connection of the default transport is not its own.
	AttemptTimeout time.Duration
}

type retryOption RetryPolicy

// WithRetryPolicy sets the retry policy, of a client or of one call.
func WithRetryPolicy(p RetryPolicy) ClientOrRequestOption { return retryOption(p) }

func (o retryOption) applyClient(c *config) error {
	c.retry = RetryPolicy(o)
	return c.retry.check("WithRetryPolicy")
}

func (o retryOption) applyRequest(c *requestConfig) error {
	p := RetryPolicy(o)
	c.retry = &p
	return p.check("WithRetryPolicy")
}

func (p RetryPolicy) check(field string) error {
	switch {
	case p.MaxAttempts < 0, min(p.MinDelay, p.MaxDelay, p.MaxRetryAfter, p.AttemptTimeout) < 0:
		return &ParamError{Field: field, Reason: "must not be negative"}
	case p.MinDelay > 0 && p.MaxDelay > 0 && p.MinDelay > p.MaxDelay:
		return &ParamError{Field: field, Reason: "the shortest delay is longer than the longest"}
	}
	return nil
}

// transportPolicy fills in the defaults of p. An attempt takes no longer than the caller's http.Client allows.
func (c *config) transportPolicy(p RetryPolicy) transport.Policy {
	p.MinDelay, p.MaxDelay = orDefaults(p.MinDelay, p.MaxDelay, 500*time.Millisecond, 30*time.Second)
	p.AttemptTimeout = cmp.Or(p.AttemptTimeout, defaultAttemptTimeout)
	if limit := c.httpClient.Timeout; limit > 0 {
		p.AttemptTimeout = min(p.AttemptTimeout, limit)
	}
	return transport.Policy{
		MaxAttempts:    cmp.Or(p.MaxAttempts, 4),
		MinDelay:       p.MinDelay,
		MaxDelay:       p.MaxDelay,
		MaxRetryAfter:  cmp.Or(p.MaxRetryAfter, time.Minute),
		AttemptTimeout: p.AttemptTimeout,
	}
}

// orDefaults fills in a range; a bound that is set moves the default of the other out of its way.
func orDefaults(shortest, longest, defaultShortest, defaultLongest time.Duration) (time.Duration, time.Duration) {
	switch {
	case shortest == 0 && longest == 0:
		return defaultShortest, defaultLongest
	case shortest == 0:
		return min(defaultShortest, longest), longest
	case longest == 0:
		return shortest, max(defaultLongest, shortest)
	}
	return shortest, longest
}

// requestConfig is what request options set.
type requestConfig struct {
	header   http.Header
	query    url.Values
	body     []bodyField
	response *Response
	retry    *RetryPolicy
	timeout  time.Duration
	prefetch bool
}

type bodyField struct {
	name  string
	value any
}

// guardedHeaders are those that the request itself depends on, and those that make net/http send a POST again.
var guardedHeaders = []string{
	"Authorization", "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Idempotency-Key", "X-Idempotency-Key",
}

// WithHeader sets a header. Authorization, Host, Content-Length, Content-Type, Transfer-Encoding, Idempotency-Key and
// X-Idempotency-Key cannot be set.
func WithHeader(name, value string) RequestOption {
	return requestOption(func(c *requestConfig) error {
		canonical := http.CanonicalHeaderKey(name)
		reason := ""
		switch {
		case slices.Contains(guardedHeaders, canonical):
			reason = "cannot be set"
		case name == "" || strings.ContainsFunc(name, notToken):
			reason = "is not a header name"
		case strings.ContainsFunc(value, func(r rune) bool { return isControl(r) && r != '\t' }):
			reason = "has a control character in its value"
		default:
			if c.header == nil {
				c.header = make(http.Header)
			}
			c.header.Set(canonical, value)
			return nil
		}
		return &ParamError{Field: fmt.Sprintf("WithHeader(%q)", name), Reason: reason}
	})
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// WithQuery adds a value to the query, for what the API reference does not have. A name that the operation's own params
// have is an error.
func WithQuery(name, value string) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if name == "" {
			return &ParamError{Field: "WithQuery", Reason: "the name is empty"}
		}
		if c.query == nil {
			c.query = make(url.Values)
		}
		c.query.Add(name, value)
		return nil
	})
}

// WithBodyField adds a field to the JSON object that is sent, for what the API reference does not have. A name that the
// operation's own params have, and an operation without a body, are errors.
func WithBodyField(name string, value any) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if name == "" {
			return &ParamError{Field: "WithBodyField", Reason: "the name is empty"}
		}
		c.body = append(c.body, bodyField{name, value})
		return nil
	})
}

// Response is what the service answered. See [WithResponse].
type Response struct {
	// StatusCode is the HTTP status, 0 if no whole answer came.
	StatusCode int
	// Header is the answer's header.
	Header http.Header
	// Body is the answer's body as it came, at most 64 KiB of it for a failed call.
	Body RawJSON `json:"-"`
	// Attempts are the attempts that were made, in order.
	Attempts []Attempt
}

// WithResponse fills r with the last answer, whether the call ends well or not.
func WithResponse(r *Response) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if r == nil {
			return &ParamError{Field: "WithResponse", Reason: "is nil"}
		}
		*r = Response{} // not what an earlier call left there
		c.response = r
		return nil
	})
}

// WithTimeout ends the call, its retries included, after d, as a deadline of its context would.
func WithTimeout(d time.Duration) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if d <= 0 {
			return &ParamError{Field: "WithTimeout", Reason: "must be positive"}
		}
		c.timeout = d
		return nil
	})
}
