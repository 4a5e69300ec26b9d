// Package usual is a client built as API clients in Go usually are: with go-retryablehttp, go-querystring and
// encoding/json. It uses the types of package hand.
package usual

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/google/go-querystring/query"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/paperspace-go/paperspace/bench/hand"
)

// Client calls the three compared endpoints.
type Client struct {
	baseURL string
	apiKey  string
	http    *retryablehttp.Client
}

// New returns a client. If hc is nil, it uses the http.Client of go-retryablehttp.
func New(baseURL, apiKey string, hc *http.Client) *Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	if hc != nil {
		c.HTTPClient = hc
	}
	return &Client{baseURL, apiKey, c}
}

// List fetches a page of machines.
func (c *Client) List(ctx context.Context, p hand.ListParams) (*hand.Page, error) {
	values, err := query.Values(p)
	if err != nil {
		return nil, err
	}
	out := new(hand.Page)
	return out, c.do(ctx, http.MethodGet, "/machines?"+values.Encode(), nil, out)
}

// Get fetches a machine.
func (c *Client) Get(ctx context.Context, id string) (*hand.Machine, error) {
	out := new(hand.Machine)
	return out, c.do(ctx, http.MethodGet, "/machines/"+url.PathEscape(id), nil, out)
}

// Create creates a machine.
func (c *Client) Create(ctx context.Context, p hand.CreateParams) (*hand.Created, error) {
	out := new(hand.Created)
	return out, c.do(ctx, http.MethodPost, "/machines", p, out)
}

func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body any // nil or []byte, which retryablehttp can send again
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = data
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, method, c.baseURL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.apiKey)
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
