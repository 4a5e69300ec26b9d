package paperspace

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// Version is the version of this package, which is part of the User-Agent header.
const Version = "0.1.0"

// DefaultBaseURL is the URL of the Paperspace API.
const DefaultBaseURL = "https://api.paperspace.com/v1"

// A Client calls the Paperspace API. Its services have a method for each endpoint, with one service for each tag of
// the API reference. A Client is safe for concurrent use and starts no goroutine that outlives a call.
//
// Printing, logging or encoding a Client shows its base URL but never its API key.
type Client struct {
	config    config
	transport *transport.Client
	policy    transport.Policy
	polls     *pollGroup

	// Auth returns the user and the team of the API key.
	Auth *AuthService
	// ContainerRegistries manages private image registries and their credentials.
	ContainerRegistries *ContainerRegistriesService
	// CustomTemplates manages the templates that a team makes from its machines.
	CustomTemplates *CustomTemplatesService
	// Datasets manages datasets. Their versions are in Versions.
	Datasets *DatasetsService
	// Deployments runs containers as deployments.
	Deployments *DeploymentsService
	// MachineEvents lists and follows the events of machines, snapshots and templates.
	MachineEvents *MachineEventsService
	// MachineTypes reports whether machine types are available.
	MachineTypes *MachineTypesService
	// Machines rents, starts, stops and deletes machines.
	Machines *MachinesService
	// Models manages models.
	Models *ModelsService
	// OSTemplates lists the operating systems that machines can be created with.
	OSTemplates *OSTemplatesService
	// PrivateNetworks manages the networks that connect the machines of a region.
	PrivateNetworks *PrivateNetworksService
	// Projects manages projects, and their collaborators, models, secrets and activity.
	Projects *ProjectsService
	// PublicIPs claims, assigns and releases static public IPs.
	PublicIPs *PublicIPsService
	// SharedDrives manages drives that the machines of a private network share.
	SharedDrives *SharedDrivesService
	// Snapshots takes, restores and deletes snapshots of machines.
	Snapshots *SnapshotsService
	// StartupScripts manages scripts that machines run when they start.
	StartupScripts *StartupScriptsService
	// Storage manages storage providers, and returns how much storage the team uses.
	Storage *StorageService
	// Tags manages the tags of projects.
	Tags *TagsService
	// Teams manages the secrets of teams.
	Teams *TeamsService
	// Users manages the members of teams.
	Users *UsersService
	// Versions manages the versions of datasets.
	Versions *VersionsService
}

// NewClient creates a client. It sends nothing and starts no goroutine. Options apply in order, so a later one
// overrides an earlier one. An invalid option is a [*ParamError].
//
// A client without an API key is valid: it can list OS templates, and all other calls fail with [ErrNoAPIKey].
func NewClient(opts ...Option) (*Client, error) { return newClient(nil, config{}, opts) }

// With returns a copy of the client with opts applied. Hooks and header functions in opts are added to the client's own.
// The copy shares the client's connections unless opts contain [WithHTTPClient].
func (c *Client) With(opts ...Option) (*Client, error) { return newClient(c, c.config, opts) }

func newClient(parent *Client, cfg config, opts []Option) (*Client, error) {
	cfg.hooks, cfg.headerFuncs = slices.Clip(cfg.hooks), slices.Clip(cfg.headerFuncs)
	if err := cfg.apply(opts); err != nil {
		return nil, err
	}
	if cfg.key == nil && cfg.envError != nil {
		return nil, cfg.envError
	}
	base, err := parseBaseURL(cfg.baseURL)
	if err != nil {
		return nil, &ParamError{Field: cmp.Or(cfg.baseURLSource, "WithBaseURL"), Reason: err.Error()}
	}
	if cfg.httpClient == nil {
		cfg.httpClient = new(http.Client)
	}
	if cfg.httpClient.Transport == nil {
		cfg.httpClient.Transport, cfg.isDefaultTransport = defaultTransport(), true
	}
	c := &Client{
		config: cfg,
		transport: &transport.Client{
			HTTP: transport.NewHTTPClient(cfg.httpClient, base), Base: base,
			Product: strings.TrimSpace(cfg.userAgent + " paperspace-go/" + Version),
			Limiter: cfg.limiter, Logger: cfg.logger, Mask: maskBody, MaxBody: cmp.Or(cfg.maxBody, maxResponseBody),
		},
		policy: cfg.transportPolicy(cfg.retry),
		polls:  new(pollGroup),
	}
	if len(cfg.headerFuncs) > 0 {
		c.transport.AddHeaders = func(ctx context.Context, header http.Header) error {
			return addHeaders(ctx, cfg.headerFuncs, header)
		}
	}
	if cfg.key != nil {
		c.transport.Authorization = cfg.key.authorization
	}
	if parent != nil && parent.sharesResponsesWith(c) {
		c.polls = parent.polls
	}
	c.Auth = &AuthService{c}
	c.ContainerRegistries = &ContainerRegistriesService{c}
	c.CustomTemplates = &CustomTemplatesService{c}
	c.Datasets = &DatasetsService{c}
	c.Deployments = &DeploymentsService{c}
	c.MachineEvents = &MachineEventsService{c}
	c.MachineTypes = &MachineTypesService{c}
	c.Machines = &MachinesService{c}
	c.Models = &ModelsService{c}
	c.OSTemplates = &OSTemplatesService{c}
	c.PrivateNetworks = &PrivateNetworksService{c}
	c.Projects = &ProjectsService{c}
	c.PublicIPs = &PublicIPsService{c}
	c.SharedDrives = &SharedDrivesService{c}
	c.Snapshots = &SnapshotsService{c}
	c.StartupScripts = &StartupScriptsService{c}
	c.Storage = &StorageService{c}
	c.Tags = &TagsService{c}
	c.Teams = &TeamsService{c}
	c.Users = &UsersService{c}
	c.Versions = &VersionsService{c}
	return c, nil
}

// sharesResponsesWith reports whether both clients get the same responses over the same connections, so that their
// waits may share pages and a budget. One is a copy of the other, and copies only add header functions: if both have as
// many, they have the same.
func (c *Client) sharesResponsesWith(other *Client) bool {
	return c.config.httpClient == other.config.httpClient && *c.transport.Base == *other.transport.Base &&
		c.config.key.same(other.config.key) && len(c.config.headerFuncs) == len(other.config.headerFuncs)
}

// CloseIdleConnections closes the idle connections of the default transport, which all clients of the process share that
// were made without [WithHTTPClient]. It does not affect a Transport that was set by that option.
func (c *Client) CloseIdleConnections() {
	if own, ok := c.config.httpClient.Transport.(*http.Transport); ok && c.config.isDefaultTransport {
		own.CloseIdleConnections()
	}
}

// shared is the transport of all clients without a Transport of their own, and the one that it is a clone of.
var shared struct {
	sync.Mutex
	transport, from *http.Transport
}

// defaultTransport returns the transport that clients share. If a program has set [http.DefaultTransport] to another
// type, that is returned unchanged.
func defaultTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.from != standard {
		shared.transport, shared.from = newTransport(standard), standard
	}
	return shared.transport
}

// newTransport returns a clone of the standard transport, with its proxy settings, for many calls to one host: over
// HTTP/1.1 it opens up to 64 connections, and further requests wait for one.
func newTransport(standard *http.Transport) *http.Transport {
	const connections = 64
	t := standard.Clone() // with its dial timeout of 30 s
	t.TLSHandshakeTimeout = 10 * time.Second
	t.OnProxyConnectResponse = transport.RefusedByProxy
	t.MaxIdleConns, t.MaxIdleConnsPerHost = connections, connections
	t.MaxConnsPerHost = connections // without it a burst opens more connections than can be kept
	t.IdleConnTimeout = 90 * time.Second
	t.ForceAttemptHTTP2 = true
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	return t
}

// String returns the base URL and whether an API key is set.
func (c Client) String() string {
	if c.transport == nil {
		return "paperspace.Client{}"
	}
	key := "none"
	if c.config.key != nil {
		key = mask
	}
	return fmt.Sprintf("paperspace.Client{BaseURL: %s, APIKey: %s}", c.transport.Base, key)
}

// Format prints the text of [Client.String], whatever the verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue returns the text of [Client.String].
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON encodes the text of [Client.String].
func (c Client) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// Request is a request to an endpoint that this package has no method for.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Path is the escaped path below the base URL. It must begin with one slash and have no dot segments, query or
	// fragment.
	Path string
	// Query is the query, which is sent unchanged.
	Query url.Values
	// Body is encoded as encoding/json/v2 does: omitempty omits values that are empty in JSON, and a []byte becomes
	// base64. [RawJSON] is sent unchanged. If nil, neither a body nor a Content-Type is sent.
	Body any
	// Class determines when the request may be retried. By default GET and HEAD are [ClassSafe], PUT and DELETE
	// [ClassIdempotent], and other methods [ClassOnce].
	Class Class
}

// Do sends a request to an endpoint that this package has no method for, with the client's authentication, retries and
// errors. It decodes the response into out, which must be a pointer to a zero value, or nil to discard the response.
// Types of this package decode as in their methods, and all others as encoding/json decodes them, with names in any
// case. Logs and hooks receive "do" as the endpoint and no path.
func (c *Client) Do(ctx context.Context, r Request, out any, opts ...RequestOption) error {
	req, err := r.prepare(out, opts)
	if err != nil {
		return err
	}
	req.into = destination{out: out, dirty: true, decode: decodeInto}
	return c.do(ctx, req)
}

// prepare validates r and applies opts. The response will be decoded into out.
func (r *Request) prepare(out any, opts []RequestOption) (request, error) {
	ep := &endpoint{id: "do", method: r.Method, class: cmp.Or(r.Class, classOf(r.Method))}
	options, err := ep.configure(opts)
	if err != nil {
		return request{}, err
	}
	path, err := checkPath(r.Path)
	switch v := reflect.ValueOf(out); {
	case err != nil:
		return request{}, ep.paramError("Path", err.Error())
	case r.Method == "" || strings.ContainsFunc(r.Method, func(c rune) bool { return c < 'A' || c > 'Z' }):
		return request{}, ep.paramError("Method", "must be an HTTP method in capitals")
	case ep.class < ClassSafe || ep.class > ClassOnce:
		return request{}, ep.paramError("Class", "must be one of the Class constants")
	case out != nil && (v.Kind() != reflect.Pointer || v.IsNil()):
		return request{}, ep.paramError("out", "must be a pointer, or nil")
	}
	req := request{endpoint: ep, path: path, query: r.Query, options: options}
	return req, req.addOptions(nil, r.Body)
}
