package compare

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const goroutines = 64

// service is a server on a loopback address that counts its connections. Its responses may end in different ways: at
// the Content-Length, in chunks, or with a chunk that arrives after the client may have decoded the whole body.
type service struct {
	*httptest.Server
	connections atomic.Int64
	calls       atomic.Int64
}

// newService starts a service. Without vary, all responses have a Content-Length.
func newService(vary bool) *service {
	s := new(service)
	body := []byte(machine(0))
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = jsonHeader["Content-Type"]
		kind := int64(0)
		if vary {
			kind = s.calls.Add(1) % 3
		}
		switch kind {
		case 0:
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body)
		case 1:
			_, _ = w.Write(body[:len(body)/2])
			w.(http.Flusher).Flush()
			_, _ = w.Write(body[len(body)/2:])
		case 2:
			_, _ = w.Write(body)
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	return s
}

// gets makes n calls from many goroutines.
func gets(client Client, n int64) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for next.Add(1) <= n {
				ram, err := client.Get(context.Background(), someID)
				if err := expect(ram, someRAM, err); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// parallel measures calls of many goroutines over established connections.
func (r *runner) parallel() {
	s := newService(false)
	defer s.Close()
	n := int64(8000)
	if r.Quick {
		n = 256
	}
	figures := r.measure(func(c Contestant) (f figure) {
		transport := &http.Transport{MaxIdleConnsPerHost: goroutines, MaxConnsPerHost: goroutines}
		defer transport.CloseIdleConnections()
		client, err := c.New(s.URL, apiKey, &http.Client{Transport: transport})
		if err == nil {
			err = gets(client, 4*goroutines)
		}
		if err != nil {
			return figure{err: err}
		}
		runtime.GC()
		cpu := processorTime()
		f.err = gets(client, n)
		f.seconds = (processorTime() - cpu).Seconds() / float64(n)
		return f
	})
	r.row(fmt.Sprintf("%d goroutines, get, loopback", goroutines), figures, func(f figure) string {
		return fmt.Sprintf("%.2f (%.1f µs)", f.ratio, f.seconds*1e6)
	})
}

// connections counts the connections that such calls open with each contestant's default transport.
func (r *runner) connections() {
	n := int64(10_000)
	if r.Quick {
		n = 256
	}
	figures := make([]figure, len(r.all))
	for i, c := range r.all {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		s := newService(true)
		client, err := c.New(s.URL, apiKey, nil)
		if err == nil {
			err = gets(client, n)
		}
		figures[i] = figure{seconds: float64(s.connections.Load()), err: err}
		s.CloseClientConnections()
		s.Close()
	}
	r.row(fmt.Sprintf("connections for %d such calls, default transport", n), figures, func(f figure) string {
		return fmt.Sprintf("%.0f", f.seconds)
	})
}
