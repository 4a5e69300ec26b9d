package paperspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// memoryTransport responds to machines-get, machines-create and machines-list from memory, and allocates next to
// nothing.
type memoryTransport struct {
	machine, created []byte
	pages            [][]byte
}

func newMemoryTransport(t *testing.T, pages int) *memoryTransport {
	encode := func(v any) []byte {
		body, err := json.Marshal(v)
		require.NoError(t, err)
		return body
	}
	machine := func(i int) Machine {
		m := Machine{
			ID: fmt.Sprintf("psm%09d", i), Name: fmt.Sprintf("trainer-%d", i), State: MachineStateReady,
			OS: "Ubuntu 22.04", MachineType: "A4000", AgentType: "LinuxHeadless", CPUs: 8, RAM: 48 << 30,
			StorageTotal: 100 << 30, StorageUsed: 10 << 30, Region: RegionNY2, PrivateIP: fmt.Sprintf("10.64.0.%d", i),
			NetworkID: "nqzkvd9", PublicIP: fmt.Sprintf("184.105.0.%d", i), PublicIPType: PublicIPTypeDynamic,
			UsageRate: 0.76, StorageRate: 0.0068, CreatedAt: time.Now(), ModifiedAt: time.Now(),
		}
		if i%3 != 0 {
			m.Accelerators = []Accelerator{{Name: "Ampere A4000", Memory: new(Bytes(16 << 30)), Count: 1}}
		}
		if i%4 == 0 {
			m.AutoShutdownTimeout, m.AutoShutdownForce, m.AutoSnapshotSaveCount = new(8), new(false), new(3)
		}
		if i%4 == 1 {
			m.State, m.PublicIP = MachineStateOff, ""
		}
		return m
	}
	a := &memoryTransport{
		machine: encode(machine(1)),
		created: encode(map[string]any{"event": MachineEvent{ID: "e", Name: MachineEventNameCreate, CreatedAt: time.Now()}, "data": machine(1)}),
	}
	for number := range pages {
		var page Page[Machine]
		if number+1 < pages {
			page = Page[Machine]{HasMore: true, NextPage: fmt.Sprint(number + 1)}
		}
		for i := range maxLimit {
			page.Items = append(page.Items, machine(number*maxLimit+i))
		}
		a.pages = append(a.pages, encode(page))
	}
	return a
}

func (a *memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := a.machine
	switch {
	case r.Method == http.MethodPost:
		body = a.created
	case strings.HasSuffix(r.URL.Path, "/machines"):
		number := 0
		if after := r.URL.Query().Get("after"); after != "" {
			_, _ = fmt.Sscan(after, &number)
		}
		body = a.pages[number]
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// TestAllocations limits what a call allocates, which does not depend on the machine that runs it. The limits are
// slightly above the figures of bench.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops items")
	}
	c := newTestClient(t, newMemoryTransport(t, 100))
	for name, tc := range map[string]struct {
		call          func() error
		allocs, bytes float64
	}{
		"get": {func() error {
			_, err := c.Machines.Get(t.Context(), "psm000000001")
			return err
		}, 25, 2_950},
		"create": {func() error {
			_, err := c.Machines.Create(t.Context(), MachineCreateParams{
				Name: "trainer", MachineType: "A4000", TemplateID: "t0nspur5", DiskSize: 100, Region: RegionNY2,
				PublicIPType: new(PublicIPTypeDynamic), StartOnCreate: new(true),
			})
			return err
		}, 27, 3_450},
		"list 120": {func() error {
			_, err := c.Machines.List(t.Context(), MachineListParams{ListParams: ListParams{Limit: maxLimit}})
			return err
		}, 380, 58_500},
		"list 12,000": {func() error {
			machines := 0
			for _, err := range c.Machines.All(t.Context(), MachineListParams{}) {
				if err != nil {
					return err
				}
				machines++
			}
			assert.Equal(t, 12_000, machines)
			return nil
		}, 78_000, 1_620_000}, // a garbage collection in the middle empties the pools
	} {
		t.Run(name, func(t *testing.T) {
			allocs, size := math.Inf(1), math.Inf(1)
			for range 10 { // the minimum counts: a garbage collection empties the pools
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				require.NoError(t, tc.call())
				runtime.ReadMemStats(&after)
				allocs = min(allocs, float64(after.Mallocs-before.Mallocs))
				size = min(size, float64(after.TotalAlloc-before.TotalAlloc))
			}
			t.Logf("%.0f allocations, %.0f bytes", allocs, size)
			assert.LessOrEqual(t, allocs, tc.allocs, "allocations")
			assert.LessOrEqual(t, size, tc.bytes, "bytes")
		})
	}
}
