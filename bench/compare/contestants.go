package compare

import (
	"context"
	"net/http"
	"time"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/bench/hand"
	"github.com/paperspace-go/paperspace/bench/usual"
)

// A Contestant is one way to call the API.
type Contestant struct {
	Name string
	// New returns a client. If hc is nil, the contestant uses its default http.Client.
	New func(baseURL, apiKey string, hc *http.Client) (Client, error)
	// Program is the package of a program that lists machines, for comparing sizes.
	Program string
}

// A Client makes the compared calls. Each method decodes the whole response and returns enough of it to check the
// result.
type Client interface {
	// List returns the number of machines on a page, and the cursor of the next one.
	List(ctx context.Context, after string) (items int, next string, err error)
	// Get returns a machine's RAM in bytes.
	Get(ctx context.Context, id string) (ram int64, err error)
	// Create returns the new machine's id.
	Create(ctx context.Context) (id string, err error)
	// ListAll returns the number of machines on all pages.
	ListAll(ctx context.Context) (items int, err error)
}

const programs = "github.com/paperspace-go/paperspace/bench/programs/"

// sdk is the name of the SDK's contestant.
const sdk = "this SDK"

// contestants returns the contestants. The others are compared with the first.
func contestants() []Contestant {
	return []Contestant{
		{"by hand", newHand, programs + "hand"},
		{"usual", newUsual, programs + "usual"},
		{sdk, newSDK, programs + "sdk"},
	}
}

// handCalls adapts the hand-written client and the usual one.
type handCalls struct {
	lister interface {
		List(context.Context, hand.ListParams) (*hand.Page, error)
		Get(context.Context, string) (*hand.Machine, error)
		Create(context.Context, hand.CreateParams) (*hand.Created, error)
	}
}

func newHand(baseURL, apiKey string, hc *http.Client) (Client, error) {
	if hc == nil {
		hc = new(http.Client)
	}
	return handCalls{&hand.Client{BaseURL: baseURL, APIKey: apiKey, HTTP: hc}}, nil
}

func newUsual(baseURL, apiKey string, hc *http.Client) (Client, error) {
	return handCalls{usual.New(baseURL, apiKey, hc)}, nil
}

func (c handCalls) List(ctx context.Context, after string) (int, string, error) {
	page, err := c.lister.List(ctx, hand.ListParams{After: after, Limit: PageSize})
	if err != nil {
		return 0, "", err
	}
	return len(page.Items), page.NextPage, nil
}

func (c handCalls) Get(ctx context.Context, id string) (int64, error) {
	m, err := c.lister.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	return m.RAM, nil
}

func (c handCalls) Create(ctx context.Context) (string, error) {
	created, err := c.lister.Create(ctx, hand.CreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: "ny2",
		PublicIPType: new("dynamic"), StartOnCreate: new(true),
	})
	if err != nil {
		return "", err
	}
	return created.Data.ID, nil
}

func (c handCalls) ListAll(ctx context.Context) (int, error) { return ListPages(ctx, c) }

// ListPages implements ListAll for a contestant that has no such method.
func ListPages(ctx context.Context, c Client) (total int, err error) {
	for after := ""; ; {
		items, next, err := c.List(ctx, after)
		if err != nil {
			return total, err
		}
		total += items
		if next == "" {
			return total, nil
		}
		after = next
	}
}

// sdkCalls adapts the SDK, with retries and a hook but without a logger.
type sdkCalls struct{ client *paperspace.Client }

func newSDK(baseURL, apiKey string, hc *http.Client) (Client, error) {
	options := []paperspace.Option{
		paperspace.WithBaseURL(baseURL), paperspace.WithAPIKey(apiKey),
		paperspace.WithHook(func(ctx context.Context, _ paperspace.CallInfo) (context.Context, func(paperspace.CallResult)) {
			return ctx, func(paperspace.CallResult) {}
		}),
	}
	if hc != nil {
		options = append(options, paperspace.WithHTTPClient(hc))
	}
	client, err := paperspace.NewClient(options...)
	return sdkCalls{client}, err
}

func (c sdkCalls) List(ctx context.Context, after string) (int, string, error) {
	page, err := c.client.Machines.List(ctx, paperspace.MachineListParams{
		ListParams: paperspace.ListParams{After: after, Limit: PageSize},
	})
	if err != nil {
		return 0, "", err
	}
	return len(page.Items), page.NextPage, nil
}

func (c sdkCalls) Get(ctx context.Context, id string) (int64, error) {
	m, err := c.client.Machines.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	return int64(m.RAM), nil
}

func (c sdkCalls) Create(ctx context.Context) (string, error) {
	op, err := c.client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: paperspace.RegionNY2,
		PublicIPType: new(paperspace.PublicIPTypeDynamic), StartOnCreate: new(true),
	})
	if err != nil {
		return "", err
	}
	return op.Data.ID, nil
}

func (c sdkCalls) ListAll(ctx context.Context) (int, error) { return c.listAll(ctx, 0) }

// listAll lists all pages and sleeps for the consumer's time after each.
func (c sdkCalls) listAll(ctx context.Context, consumer time.Duration, opts ...paperspace.RequestOption) (total int, err error) {
	for _, err := range c.client.Machines.All(ctx, paperspace.MachineListParams{}, opts...) {
		if err != nil {
			return total, err
		}
		if total++; total%PageSize == 0 {
			time.Sleep(consumer)
		}
	}
	return total, nil
}
