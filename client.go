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
	"time"

	"github.com/go-json-experiment/json"

	"github.com/paperspace-go/paperspace/internal/transport"
)

// Version is the version of this package, as it stands in the User-Agent header.
const Version = "0.1.0"

// DefaultBaseURL is where the Paperspace API is served.
const DefaultBaseURL = "https://api.paperspace.com/v1"

// A Client calls the Paperspace API. Its services hold the operations, one service for each tag of the API reference.
// A Client is safe for concurrent use and runs no goroutine of its own.
//
// Printing, logging or encoding a Client shows its base URL, and never its API key.
type Client struct {
	*core

	// Auth tells whom the API key belongs to.
	Auth *AuthService
	// ContainerRegistries keeps the credentials of private image registries.
	ContainerRegistries *ContainerRegistriesService
	// CustomTemplates makes templates from machines.
	CustomTemplates *CustomTemplatesService
	// Datasets keeps datasets; their versions are in Versions.
	Datasets *DatasetsService
	// Deployments runs containers as deployments.
	Deployments *DeploymentsService
	// MachineEvents follows what the service does to machines.
	MachineEvents *MachineEventsService
	// MachineTypes tells whether a machine type is available.
	MachineTypes *MachineTypesService
	// Machines rents, starts, stops and deletes machines.
	Machines *MachinesService
	// Models keeps models.
	Models *ModelsService
	// OSTemplates lists the operating systems that machines can start from.
	OSTemplates *OSTemplatesService
	// PrivateNetworks connects machines of a region.
	PrivateNetworks *PrivateNetworksService
	// Projects keeps projects, their collaborators, models and secrets.
	Projects *ProjectsService
	// PublicIPs claims, assigns and releases static addresses.
	PublicIPs *PublicIPsService
	// SharedDrives keeps drives that machines of a network share.
	SharedDrives *SharedDrivesService
	// Snapshots takes snapshots of machines and restores them.
	Snapshots *SnapshotsService
	// StartupScripts keeps scripts that machines run as they start.
	StartupScripts *StartupScriptsService
	// Storage keeps storage providers and tells what is used.
	Storage *StorageService
	// Tags keeps the tags of projects.
	Tags *TagsService
	// Teams keeps the secrets of teams.
	Teams *TeamsService
	// Users keeps the members of teams.
	Users *UsersService
	// Versions keeps the versions of datasets.
	Versions *VersionsService
}

// core is what all services of a client share. It never changes once it is made.
type core struct {
	config
	shared transport.Client
	policy transport.Policy
	poller *poller
}

// NewClient makes a client. It sends nothing and starts nothing; options apply in order, and the last wins.
//
// A client without an API key is valid: the OS templates can be listed without one, and every call that needs a key
// fails with [ErrNoAPIKey]. A wrong option is a [*ParamError].
func NewClient(opts ...Option) (*Client, error) { return newClient(nil, config{}, opts) }

// With returns a copy of the client that is changed by opts. Hooks are added to those that the client has. The copy
// shares the connections of the original unless opts bring an [http.Client].
func (c *Client) With(opts ...Option) (*Client, error) { return newClient(c.core, c.config, opts) }

func newClient(parent *core, cfg config, opts []Option) (*Client, error) {
	cfg.hooks = slices.Clip(cfg.hooks)
	for i, opt := range opts {
		if opt == nil {
			return nil, &ParamError{Field: fmt.Sprintf("option %d of %d", i+1, len(opts)), Reason: "is nil"}
		}
		if err := opt.applyClient(&cfg); err != nil {
			return nil, err
		}
	}
	if cfg.authorization == nil && cfg.envError != nil {
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
		cfg.httpClient.Transport, cfg.ownTransport = defaultTransport()
	}
	c := &Client{core: &core{
		config: cfg,
		shared: transport.Client{
			HTTP: transport.NewHTTPClient(cfg.httpClient, base), Base: base,
			Product:       strings.TrimSpace(cfg.userAgent + " paperspace-go/" + Version),
			Authorization: cfg.authorization, Logger: cfg.logger, MaxBody: cmp.Or(cfg.maxBody, maxResponseBody),
		},
		policy: cfg.transportPolicy(cfg.retry),
		poller: new(poller),
	}}
	if parent != nil && parent.sees(c.core) {
		c.poller = parent.poller
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

// sees says whether both clients get the same answers over the same connections, so that one may poll for the other.
func (k *core) sees(other *core) bool {
	key := func(k *core) string {
		if k.authorization == nil {
			return ""
		}
		header, _ := k.authorization(context.Background())
		return header
	}
	return k.httpClient == other.httpClient && *k.shared.Base == *other.shared.Base && key(k) == key(other)
}

// CloseIdleConnections closes the connections that the default transport keeps for later calls. The transport of a
// client that came with [WithHTTPClient] is left alone.
func (c *Client) CloseIdleConnections() {
	if c.ownTransport != nil {
		c.ownTransport.CloseIdleConnections()
	}
}

// defaultTransport is a clone of [http.DefaultTransport], with what it knows of proxies, made fit for many calls to one
// host: over HTTP/1.1 up to 64 at once, while more wait for their turn. A program that has put something else there gets that, as it is.
func defaultTransport() (http.RoundTripper, *http.Transport) {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport, nil
	}
	const connections = 64
	t := standard.Clone() // with its dial timeout of 30 s
	t.TLSHandshakeTimeout = 10 * time.Second
	t.OnProxyConnectResponse = transport.RefusedByProxy
	t.MaxIdleConns, t.MaxIdleConnsPerHost = connections, connections
	t.MaxConnsPerHost = connections // without it a burst dials more than it can keep
	t.IdleConnTimeout = 90 * time.Second
	t.ForceAttemptHTTP2 = true
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	return t, t
}

// String tells the base URL and whether there is an API key.
func (c Client) String() string {
	if c.core == nil {
		return "paperspace.Client{}"
	}
	key := "none"
	if c.authorization != nil {
		key = mask
	}
	return fmt.Sprintf("paperspace.Client{BaseURL: %s, APIKey: %s}", c.shared.Base, key)
}

// Format prints the client as [Client.String] does, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue gives the client to slog as [Client.String] does.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON encodes the client as [Client.String] does.
func (c Client) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// Request is a call to an endpoint that this package has no method for.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Path is the escaped path below the base URL. It begins with a slash and has no dot segments, query or fragment.
	Path string
	// Query is sent as it is.
	Query url.Values
	// Body is encoded as encoding/json/v2 does: omitempty leaves out what is empty in JSON, and a []byte is base64.
	// [RawJSON] goes as the JSON that it is. Nil sends no body, and no Content-Type.
	Body any
	// Class says what may be sent again after a failure; zero goes by the method.
	Class Class
}

// Do calls an endpoint that this package has no method for, with the client's authentication, retries and errors, and
// decodes the answer into out, which points to a zero value, or is nil where the answer does not matter. Logs and hooks know the
// call as operation "do" and do not get its path.
func (c *Client) Do(ctx context.Context, r Request, out any, opts ...RequestOption) error {
	op := &operation{id: "do", method: r.Method, class: cmp.Or(r.Class, classOf(r.Method))}
	path, err := checkPath(r.Path)
	if err != nil {
		err = op.paramError("Path", err.Error())
	}
	v := reflect.ValueOf(out)
	switch {
	case r.Method == "" || strings.ContainsFunc(r.Method, func(c rune) bool { return c < 'A' || c > 'Z' }):
		err = op.paramError("Method", "must be an HTTP method in capitals")
	case op.class < ClassSafe || op.class > ClassNeither:
		err = op.paramError("Class", "is not a retry class")
	case out != nil && (v.Kind() != reflect.Pointer || v.IsNil()):
		err = op.paramError("out", "must be a pointer, or nil")
	}
	return c.do(ctx, op, request{path: path, query: r.Query, body: r.Body, anyAnswer: out == nil, err: err}, out, opts)
}
