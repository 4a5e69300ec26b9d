// Package hand is a hand-written client that uses only net/http and encoding/json.
package hand

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Client calls the three compared endpoints.
type Client struct {
	BaseURL string
	APIKey  string
	HTTP    *http.Client
}

// List fetches a page of machines.
func (c *Client) List(ctx context.Context, p ListParams) (*Page, error) {
	query := url.Values{}
	if p.After != "" {
		query.Set("after", p.After)
	}
	if p.Limit != 0 {
		query.Set("limit", strconv.Itoa(p.Limit))
	}
	out := new(Page)
	return out, c.do(ctx, http.MethodGet, "/machines?"+query.Encode(), nil, out)
}

// Get fetches a machine.
func (c *Client) Get(ctx context.Context, id string) (*Machine, error) {
	out := new(Machine)
	return out, c.do(ctx, http.MethodGet, "/machines/"+url.PathEscape(id), nil, out)
}

// Create creates a machine.
func (c *Client) Create(ctx context.Context, p CreateParams) (*Created, error) {
	out := new(Created)
	return out, c.do(ctx, http.MethodPost, "/machines", p, out)
}

func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.APIKey)
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// ListParams selects a page. The tags are for go-querystring, which the usual client uses.
type ListParams struct {
	After string `url:"after,omitempty"`
	Limit int    `url:"limit,omitempty"`
}

// CreateParams describes a machine.
type CreateParams struct {
	Name          string  `json:"name"`
	MachineType   string  `json:"machineType"`
	TemplateID    string  `json:"templateId"`
	DiskSize      int     `json:"diskSize"`
	Region        string  `json:"region"`
	NetworkID     *string `json:"networkId,omitempty"`
	PublicIPType  *string `json:"publicIpType,omitempty"`
	StartOnCreate *bool   `json:"startOnCreate,omitempty"`
}

// Page is a page of machines.
type Page struct {
	Items    []Machine `json:"items"`
	HasMore  bool      `json:"hasMore"`
	NextPage string    `json:"nextPage"`
}

// Created is the response to a create.
type Created struct {
	Event Event   `json:"event"`
	Data  Machine `json:"data"`
}

// Event is an operation on a machine.
type Event struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	State      string     `json:"state"`
	MachineID  string     `json:"machineId"`
	CreatedAt  time.Time  `json:"dtCreated"`
	StartedAt  *time.Time `json:"dtStarted"`
	FinishedAt *time.Time `json:"dtFinished"`
	Error      *string    `json:"error"`
}

// Machine is a machine with all fields of the contract.
type Machine struct {
	ID                     string        `json:"id"`
	Name                   string        `json:"name"`
	State                  string        `json:"state"`
	OS                     string        `json:"os"`
	MachineType            string        `json:"machineType"`
	AgentType              string        `json:"agentType"`
	CPUs                   int           `json:"cpus"`
	RAM                    int64         `json:"ram"`
	StorageTotal           int64         `json:"storageTotal"`
	StorageUsed            int64         `json:"storageUsed"`
	Accelerators           []Accelerator `json:"accelerators"`
	Region                 string        `json:"region"`
	PrivateIP              *string       `json:"privateIp"`
	NetworkID              *string       `json:"networkId"`
	PublicIP               *string       `json:"publicIp"`
	PublicIPType           string        `json:"publicIpType"`
	AutoShutdownEnabled    bool          `json:"autoShutdownEnabled"`
	AutoShutdownTimeout    *int          `json:"autoShutdownTimeout"`
	AutoShutdownForce      *bool         `json:"autoShutdownForce"`
	AutoSnapshotEnabled    bool          `json:"autoSnapshotEnabled"`
	AutoSnapshotFrequency  *string       `json:"autoSnapshotFrequency"`
	AutoSnapshotSaveCount  *int          `json:"autoSnapshotSaveCount"`
	UpdatesPending         bool          `json:"updatesPending"`
	RestorePointEnabled    bool          `json:"restorePointEnabled"`
	RestorePointFrequency  *string       `json:"restorePointFrequency"`
	RestorePointSnapshotID *string       `json:"restorePointSnapshotId"`
	UsageRate              float64       `json:"usageRate"`
	StorageRate            float64       `json:"storageRate"`
	CreatedAt              time.Time     `json:"dtCreated"`
	ModifiedAt             time.Time     `json:"dtModified"`
	DeletedAt              *time.Time    `json:"dtDeleted"`
	Reservation            *Reservation  `json:"reservation"`
}

// Accelerator describes the GPUs of a machine.
type Accelerator struct {
	Name   string `json:"name"`
	Memory *int64 `json:"memory"`
	Count  int    `json:"count"`
}

// Reservation is the reservation of a machine.
type Reservation struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	StartedAt  time.Time `json:"dtStarted"`
	FinishedAt time.Time `json:"dtFinished"`
	IsActive   bool      `json:"isActive"`
}
