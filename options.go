package paperspace

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paperspace-go/paperspace/internal/transport"
)

const defaultAttemptTimeout = 60 * time.Second

// Option configures a client in [NewClient] or [Client.With].
type Option interface{ applyClient(*config) error }

// RequestOption configures one call. Methods that make several calls (the All methods, and those whose docs say Calls)
// apply it to each of them, unless the doc names the one that it applies to.
type RequestOption interface {
	EnsureOption
	applyRequest(*requestConfig) error
}

// ClientOrRequestOption is both an [Option] and a [RequestOption].
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

func (o requestOption) applyEnsure(c *ensureConfig) error { return c.addRequestOption(o) }
func (o retryOption) applyEnsure(c *ensureConfig) error   { return c.addRequestOption(o) }
func (o limiterOption) applyEnsure(c *ensureConfig) error { return c.addRequestOption(o) }

// config is what options set. Nil and zero fields mean the default.
type config struct {
	key                *keySource // nil: no key
	envError           error      // why the environment has no valid key
	baseURL            string
	baseURLSource      string
	httpClient         *http.Client // a copy of the caller's
	isDefaultTransport bool         // httpClient.Transport is the one of this package
	retry              RetryPolicy
	logger             *slog.Logger
	strict             bool // odd values are errors
	limiter            transport.Limiter
	userAgent          string
	hooks              []hook
	headerFuncs        []headerFunc
	pollMin            time.Duration
	pollMax            time.Duration
	maxBody            int64
}

func (c *config) apply(opts []Option) error {
	for i, opt := range opts {
		if opt == nil {
			return &ParamError{Field: fmt.Sprintf("option %d of %d", i+1, len(opts)), Reason: "is nil"}
		}
		if err := opt.applyClient(c); err != nil {
			return err
		}
	}
	return nil
}

// JoinOptions returns one option that applies opts in order, so that a package can offer several as one.
func JoinOptions(opts ...Option) Option {
	opts = slices.Clone(opts)
	return clientOption(func(c *config) error { return c.apply(opts) })
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// WithBaseURL sets the URL of the API; the default is [DefaultBaseURL]. It must be https, or http on a loopback
// address, and have no user, query or fragment. It may have a path.
func WithBaseURL(baseURL string) Option {
	return clientOption(func(c *config) error {
		if strings.TrimSpace(baseURL) == "" {
			return &ParamError{Field: "WithBaseURL", Reason: "is empty"}
		}
		c.baseURL, c.baseURLSource = baseURL, "WithBaseURL"
		return nil
	})
}

// WithHTTPClient sends requests with a copy of hc: its Transport, Jar, CheckRedirect, and Timeout, which limits each
// attempt. A redirect is followed only if both hc and this package allow it. A nil Transport means the default
// transport.
//
// This package uses [net/http/httptrace], and whether the request's body was read, to learn whether a failed attempt
// was sent. A Transport that reports its connections that way must report all of them, and must not return while it
// still sends a request. A Transport with a second, untraced path, such as a fallback proxy, can make a sent request
// look unsent, and this package may then send it again. A Transport that repeats a request by itself is stopped, except
// where it repeats a read after a response.
func WithHTTPClient(hc *http.Client) Option {
	return clientOption(func(c *config) error {
		if hc == nil {
			return &ParamError{Field: "WithHTTPClient", Reason: "is nil"}
		}
		own := *hc
		c.httpClient, c.isDefaultTransport = &own, false
		return nil
	})
}

// WithLogger logs every attempt: at level debug, or at warn if its failure may be temporary, such as a 502 in response
// to the poll of a wait. The attributes are endpoint, method, path_template, status, attempt, duration and request_id,
// reason (the kind of error) if the attempt failed, and retry_in (the delay) if another attempt follows. A logger that
// is enabled at [LevelTrace] also gets the headers and bodies of requests and responses, with secrets masked. A
// response with odd values is logged at level warn, with their count and the first ten of them; see [Odd]. Nil, the
// default, logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return clientOption(func(c *config) error {
		c.logger = logger
		return nil
	})
}

// LevelTrace is the level below [slog.LevelDebug] at which [WithLogger] logs headers and bodies.
const LevelTrace = transport.LevelTrace

// WithLimiter calls limiter.Wait before each attempt, including those of polls. Wait returns when the attempt may
// begin; an error ends the call, and nothing is sent. *rate.Limiter of golang.org/x/time/rate is such a limiter. The
// limiter of a call is called after that of the client, last before the request is sent.
func WithLimiter(limiter interface{ Wait(context.Context) error }) ClientOrRequestOption {
	return limiterOption{limiter}
}

type limiterOption struct{ limiter transport.Limiter }

func (o limiterOption) applyClient(c *config) error {
	c.limiter = o.limiter
	return o.check()
}

func (o limiterOption) applyRequest(c *requestConfig) error {
	c.limiter = o.limiter
	return o.check()
}

func (o limiterOption) check() error {
	if o.limiter == nil {
		return &ParamError{Field: "WithLimiter", Reason: "is nil"}
	}
	return nil
}

type headerFunc = func(context.Context, http.Header)

// WithHeaderFunc calls f to add headers to each attempt, such as those that propagate a trace. f gets the context of
// the attempt, from which [EndpointFromContext] returns the endpoint and the number of the attempt, and an empty header
// to fill. A header that [WithHeader] would refuse ends the call, and nothing is sent. Functions add up: of two that
// set the same header the last one wins, and [WithHeader] wins over all. f must be safe for concurrent use.
func WithHeaderFunc(f func(ctx context.Context, header http.Header)) Option {
	return clientOption(func(c *config) error {
		if f == nil {
			return &ParamError{Field: "WithHeaderFunc", Reason: "is nil"}
		}
		c.headerFuncs = append(c.headerFuncs, f)
		return nil
	})
}

// addHeaders calls the functions and checks what they add.
func addHeaders(ctx context.Context, funcs []headerFunc, to http.Header) error {
	for _, f := range funcs {
		added := make(http.Header)
		f(ctx, added)
		for name, values := range added {
			for _, value := range values {
				if err := checkHeader("WithHeaderFunc", name, value); err != nil {
					return err
				}
			}
			to[http.CanonicalHeaderKey(name)] = values
		}
	}
	return nil
}

// WithUserAgent adds a product such as "my-tool/1.2" to the User-Agent header, before that of this package.
func WithUserAgent(product string) Option {
	return clientOption(func(c *config) error {
		if strings.ContainsFunc(product, isControl) {
			return &ParamError{Field: "WithUserAgent", Reason: "contains a control character"}
		}
		c.userAgent = strings.TrimSpace(product)
		return nil
	})
}

// WithMaxResponseBody limits the body of a successful response, in bytes; the default is 64 MiB. A larger body is an
// error. After a write it matches [ErrOutcomeUnknown].
func WithMaxResponseBody(bytes int64) Option {
	return clientOption(func(c *config) error {
		if bytes <= 0 {
			return &ParamError{Field: "WithMaxResponseBody", Reason: "must be positive"}
		}
		c.maxBody = min(bytes, math.MaxInt64-1) // one more byte is read to detect a longer body
		return nil
	})
}

// WithPollInterval sets the time between the polls of a wait, which grows from shortest to longest. Zero means the
// default of 1 s and 10 s. A poll that takes more than 10 s is cancelled and repeated with twice the time, up to the
// AttemptTimeout of [RetryPolicy].
//
// Each wait polls by itself: in the call that waits, under its context, and with the hooks and settings of its client. A
// wait for several targets sends its requests at the same time, so these hooks run in several goroutines.
// Waits of a client and of its copies, if these have the same base URL, [http.Client], API key and header functions,
// share two things. They send at most 10 requests per second, first come, first served, and pause together after a 429
// or a Retry-After. And where several waits need a list, one of them reads a page of it for all, with its own context,
// hooks and settings. If the page takes more than 1.5 s, such as in a slow hook, the others do not wait for it.
//
// Clients of separate calls of [NewClient] share neither. To limit their requests together, give each of them the same
// [WithLimiter].
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

// pollRange is the range of the intervals between polls.
func (c *Client) pollRange() (shortest, longest time.Duration) {
	return orDefaults(c.config.pollMin, c.config.pollMax, time.Second, 10*time.Second)
}

// RetryPolicy determines how often and how fast a request is retried, and how long each attempt may take. Zero fields
// leave the policy as it was: that of the client in a call, that of the original in [Client.With], else the default.
// Whether a request may be retried at all depends on its [Class].
type RetryPolicy struct {
	// MaxAttempts is the maximum number of attempts, including the first: 1 means no retries. The default is 4.
	MaxAttempts int
	// MinDelay is the upper bound of the first delay, 500 ms by default. The bound doubles with every attempt, and each
	// delay is chosen at random between 0 and the bound.
	MinDelay time.Duration
	// MaxDelay is the maximum of the bound, 30 s by default.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After to wait for, 60 s by default. The next attempt waits for it instead of a
	// random delay, whatever the status of the response. If the service asks for a longer delay, the call returns its
	// response without another attempt.
	MaxRetryAfter time.Duration
	// AttemptTimeout limits one attempt, up to the last byte of the response; 60 s by default. The time that an attempt
	// waits for a free connection does not count.
	AttemptTimeout time.Duration
}

type retryOption RetryPolicy

// WithRetryPolicy sets the retry policy of a client or of one call.
func WithRetryPolicy(p RetryPolicy) ClientOrRequestOption { return retryOption(p) }

func (o retryOption) applyClient(c *config) error {
	c.retry = c.retry.with(RetryPolicy(o))
	return RetryPolicy(o).check("WithRetryPolicy")
}

func (o retryOption) applyRequest(c *requestConfig) error {
	p := RetryPolicy(o)
	if c.retry != nil {
		p = c.retry.with(p)
	}
	c.retry = &p
	return RetryPolicy(o).check("WithRetryPolicy")
}

// with returns p with the fields that other sets. A delay that other sets overrides the bound of p that it contradicts.
func (p RetryPolicy) with(other RetryPolicy) RetryPolicy {
	minDelay, maxDelay := cmp.Or(other.MinDelay, p.MinDelay), cmp.Or(other.MaxDelay, p.MaxDelay)
	if other.MinDelay == 0 && maxDelay > 0 {
		minDelay = min(minDelay, maxDelay)
	} else if maxDelay > 0 {
		maxDelay = max(maxDelay, minDelay)
	}
	return RetryPolicy{
		MaxAttempts: cmp.Or(other.MaxAttempts, p.MaxAttempts), MinDelay: minDelay, MaxDelay: maxDelay,
		MaxRetryAfter:  cmp.Or(other.MaxRetryAfter, p.MaxRetryAfter),
		AttemptTimeout: cmp.Or(other.AttemptTimeout, p.AttemptTimeout),
	}
}

func (p RetryPolicy) check(field string) error {
	switch {
	case p.MaxAttempts < 0, min(p.MinDelay, p.MaxDelay, p.MaxRetryAfter, p.AttemptTimeout) < 0:
		return &ParamError{Field: field, Reason: "must not be negative"}
	case p.MinDelay > 0 && p.MaxDelay > 0 && p.MinDelay > p.MaxDelay:
		return &ParamError{Field: field, Reason: "the shortest duration is greater than the longest"}
	}
	return nil
}

// transportPolicy fills in the defaults of p. The Timeout of the caller's http.Client also limits an attempt.
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

// orDefaults fills in the defaults of a range. If only one bound is set, the default of the other is adjusted to it.
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
	limiter  transport.Limiter
	timeout  time.Duration
	prefetch bool
}

type bodyField struct {
	name  string
	value any
}

// guardedHeaders cannot be set: the request depends on them, or they make net/http send a POST again.
var guardedHeaders = []string{
	"Accept-Encoding", "Authorization", "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Idempotency-Key",
	"X-Idempotency-Key",
}

// WithHeader sets a header of the request. Accept-Encoding, Authorization, Host, Content-Length, Content-Type,
// Transfer-Encoding, Idempotency-Key and X-Idempotency-Key cannot be set.
func WithHeader(name, value string) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if err := checkHeader("WithHeader", name, value); err != nil {
			return err
		}
		if c.header == nil {
			c.header = make(http.Header)
		}
		c.header.Set(name, value)
		return nil
	})
}

func checkHeader(option, name, value string) error {
	reason := ""
	switch {
	case slices.Contains(guardedHeaders, http.CanonicalHeaderKey(name)):
		reason = "cannot be set"
	case name == "" || strings.ContainsFunc(name, notToken):
		reason = "is not a header name"
	case strings.ContainsFunc(value, func(r rune) bool { return isControl(r) && r != '\t' }):
		reason = "the value contains a control character"
	default:
		return nil
	}
	return &ParamError{Field: fmt.Sprintf("%s(%q)", option, name), Reason: reason}
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// WithQuery adds a query parameter that the API reference does not have. It must not have the name of one of the
// endpoint's own parameters.
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

// WithBodyField adds a field that the API reference does not have to the JSON object in the request body. It must not
// have the name of one of the endpoint's own fields. An endpoint without a body refuses it.
func WithBodyField(name string, value any) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if name == "" {
			return &ParamError{Field: "WithBodyField", Reason: "the name is empty"}
		}
		c.body = append(c.body, bodyField{name, value})
		return nil
	})
}

// Response is the HTTP response to a call; see [WithResponse].
type Response struct {
	// StatusCode is the HTTP status; 0 if there was no complete response.
	StatusCode int
	// Header is the response's header.
	Header http.Header
	// Body is the response's body as received, or its first 64 KiB if the call failed.
	Body RawJSON `json:"-"`
	// Attempts are the attempts of the call, in order.
	Attempts []Attempt
}

// WithResponse stores the last response in r, whether or not the call succeeds.
func WithResponse(r *Response) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if r == nil {
			return &ParamError{Field: "WithResponse", Reason: "is nil"}
		}
		*r = Response{} // discards what an earlier call stored
		c.response = r
		return nil
	})
}

// WithTimeout limits the call to d, including its retries, as a deadline of its context would.
func WithTimeout(d time.Duration) RequestOption {
	return requestOption(func(c *requestConfig) error {
		if d <= 0 {
			return &ParamError{Field: "WithTimeout", Reason: "must be positive"}
		}
		c.timeout = d
		return nil
	})
}
