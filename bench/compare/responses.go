package compare

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// PageSize is the number of machines per page, the maximum of the service.
const PageSize = 120

const (
	baseURL = "https://paperspace.invalid/v1"
	apiKey  = "0123456789abcdef0123456789abcdef"
	someID  = "psm00000000"
	someRAM = 8 << 30
)

var networks = []string{"nqzkvd9", "n3h8xw2", "nk41pzs"}

// machine returns a machine that conforms to the contract: numbers are numbers, and the region is the short id. Every
// third machine has no GPU, every fourth is off and so has no public address, and every fourth has automatic shutdowns
// and snapshots.
func machine(i int) string {
	accelerators, machineType, os := `[]`, "C5", "Ubuntu 22.04"
	if i%3 != 0 {
		accelerators = `[{"name":"Ampere A4000","memory":17179869184,"count":1}]`
		machineType, os = "A4000", "ML-in-a-Box 22.04"
	}
	state, publicIP := "ready", fmt.Sprintf(`"184.105.%d.%d"`, i/250%250, i%250)
	if i%4 == 1 {
		state, publicIP = "off", "null"
	}
	timeout, force, frequency, count := "null", "null", "null", "null"
	if i%4 == 2 {
		timeout, force, frequency, count = "8", "false", `"daily"`, "3"
	}
	created := time.Date(2024, 5, 14, 9, 26, 53, i%1000*1e6, time.UTC).Add(time.Duration(i) * time.Hour)
	return fmt.Sprintf(`{"id":"psm%08d","name":"trainer-%05d","state":%q,"os":%q,"machineType":%q,`+
		`"agentType":"LinuxHeadless","cpus":8,"ram":%d,"storageTotal":107374182400,"storageUsed":%d,`+
		`"accelerators":%s,"region":%q,"privateIp":"10.64.%d.%d","networkId":%q,"publicIp":%s,`+
		`"publicIpType":"dynamic","autoShutdownEnabled":%t,"autoShutdownTimeout":%s,"autoShutdownForce":%s,`+
		`"autoSnapshotEnabled":%t,"autoSnapshotFrequency":%s,"autoSnapshotSaveCount":%s,"updatesPending":false,`+
		`"restorePointEnabled":false,"restorePointFrequency":null,"restorePointSnapshotId":null,"usageRate":0.76,`+
		`"storageRate":0.0068,"dtCreated":%q,"dtModified":%q,"dtDeleted":null,"reservation":null}`,
		i, i, state, os, machineType,
		someRAM, 10<<30+i<<20,
		accelerators, []string{"ny2", "ca1", "ams1"}[i%3], i/250%250, i%250, networks[i%len(networks)], publicIP,
		timeout != "null", timeout, force,
		frequency != "null", frequency, count,
		created.Format("2006-01-02T15:04:05.000Z"), created.Add(time.Minute).Format("2006-01-02T15:04:05.000Z"))
}

func page(number, pages int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"hasMore":` + strconv.FormatBool(number+1 < pages))
	if number+1 < pages {
		fmt.Fprintf(&b, `,"nextPage":"%d"`, number+1)
	}
	b.WriteString(`,"items":[`)
	for i := range PageSize {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(machine(number*PageSize + i))
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func created() []byte {
	return []byte(`{"event":{"id":"0b7d9dd6-8a1f-4b6e-9f31-5ad4a0b2c1e7","name":"create","state":"new","machineId":"` + someID +
		`","dtCreated":"2024-05-14T09:26:53.120Z","dtStarted":null,"dtFinished":null,"error":null},"data":` + machine(0) + `}`)
}

var sizes = regexp.MustCompile(`"(ram|storageTotal|storageUsed|memory)":([0-9]+)`)

// liveWire returns a body as the live service sends it, contrary to the contract: with sizes as strings and long
// regions.
func liveWire(body []byte) []byte {
	return []byte(strings.NewReplacer(
		`"ny2"`, `"East Coast (NY2)"`, `"ca1"`, `"West Coast (CA1)"`, `"ams1"`, `"Europe (AMS1)"`,
	).Replace(string(sizes.ReplaceAll(body, []byte(`"$1":"$2"`)))))
}

// liveMachine returns a new machine as the live service sends it, with nulls for what it does not have yet.
func liveMachine() []byte {
	return []byte(strings.NewReplacer(
		fmt.Sprintf(`"storageUsed":"%d"`, 10<<30), `"storageUsed":null`,
		`"privateIp":"10.64.0.0"`, `"privateIp":null`,
		`"networkId":"nqzkvd9"`, `"networkId":null`,
	).Replace(string(liveWire([]byte(machine(0))))))
}

// memory is a transport that returns responses from memory, after a delay.
type memory struct {
	pages   [][]byte
	get     []byte
	create  []byte
	latency time.Duration
	calls   int // not safe for concurrent calls
}

func newMemory(pages int) *memory {
	m := &memory{get: []byte(machine(0)), create: created()}
	for i := range pages {
		m.pages = append(m.pages, page(i, pages))
	}
	return m
}

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

func (m *memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	m.calls++
	if m.latency > 0 {
		time.Sleep(m.latency)
	}
	var body []byte
	switch {
	case req.Method == http.MethodPost:
		body = m.create
	case strings.HasSuffix(req.URL.Path, "/machines"):
		number := 0
		if _, after, ok := strings.Cut(req.URL.RawQuery, "after="); ok {
			after, _, _ = strings.Cut(after, "&")
			number, _ = strconv.Atoi(after)
		}
		body = m.pages[number]
	default:
		body = m.get
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: jsonHeader,
		Body: &memoryBody{Reader: bytes.NewReader(body)}, ContentLength: int64(len(body)), Request: req,
	}, nil
}

// memoryBody hides the reader's WriteTo, which the body of a real response does not have.
type memoryBody struct{ io.Reader }

func (*memoryBody) Close() error { return nil }
