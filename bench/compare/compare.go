// Package compare compares the cost of clients of the Paperspace API.
package compare

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/paperspace-go/paperspace"
)

// Options configures a run.
type Options struct {
	Quick  bool          // run everything once and briefly
	Rounds int           // of each measurement
	Time   time.Duration // for each contestant in a round
}

// Flags defines the command-line flags.
func Flags() *Options {
	var o Options
	flag.BoolVar(&o.Quick, "quick", false, "run everything once and briefly, without ogen, to check that it works")
	flag.IntVar(&o.Rounds, "rounds", 8, "rounds of each measurement")
	flag.DurationVar(&o.Time, "time", 300*time.Millisecond, "time for each contestant in a round")
	return &o
}

// A figure is the cost of one contestant: processor time, which other programs disturb less than wall-clock time, and
// allocations.
type figure struct {
	seconds, bytes, allocs float64
	ratio                  float64 // to the first contestant of the same round
	extra                  string
	err                    error
}

// Run runs all contestants and writes the table to w.
func Run(w io.Writer, o Options, more ...Contestant) error {
	if o.Quick {
		o.Rounds, o.Time = 2, 5*time.Millisecond
	}
	r := &runner{Options: o, w: w, all: append(contestants(), more...)}
	fmt.Fprintf(w, "%s, %s/%s, %d cores; %d rounds, contestants interleaved, medians;\n"+
		"processor time as a ratio to %s, bytes, allocations\n\n|",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), o.Rounds, r.all[0].Name)
	for _, c := range r.all {
		fmt.Fprintf(w, " | %s", c.Name)
	}
	fmt.Fprintf(w, " |\n|%s\n", slices.Repeat([]byte(" --- |"), len(r.all)+1))

	pages := 100
	if o.Quick {
		pages = 4
	}
	short, long := newMemory(1), newMemory(pages)
	r.calls(fmt.Sprintf("list %d machines", PageSize), short, func(ctx context.Context, c Client) error {
		items, _, err := c.List(ctx, "")
		return expect(items, PageSize, err)
	})
	r.calls("get", short, func(ctx context.Context, c Client) error {
		ram, err := c.Get(ctx, someID)
		return expect(ram, someRAM, err)
	})
	r.calls("create", short, func(ctx context.Context, c Client) error {
		id, err := c.Create(ctx)
		return expect(id, someID, err)
	})
	r.parallel()
	r.connections()
	r.listAll(fmt.Sprintf("list all %d machines", pages*PageSize), long)
	r.sizes()
	r.live()
	fmt.Fprintln(w)
	r.liveCost(short)
	r.latency(long)
	return errors.Join(r.errs...)
}

type runner struct {
	Options
	w    io.Writer
	all  []Contestant
	errs []error
}

func expect[T comparable](got, want T, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("got %v instead of %v", got, want)
	}
	return err
}

// row prints one line of the table. The error of a contestant makes the run fail.
func (r *runner) row(title string, figures []figure, format func(figure) string) {
	fmt.Fprintf(r.w, "| %s", title)
	for i, f := range figures {
		if f.err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s: %s: %w", title, r.all[i].Name, f.err))
			fmt.Fprint(r.w, " | failed")
			continue
		}
		fmt.Fprintf(r.w, " | %s", format(f))
	}
	fmt.Fprintln(r.w, " |")
}

// measure runs each contestant once per round and returns the medians.
func (r *runner) measure(run func(Contestant) figure) []figure {
	rounds := make([][]figure, len(r.all))
	for range r.Rounds {
		for i, c := range r.all {
			f := run(c)
			if len(rounds[0]) > 0 {
				f.ratio = f.seconds / rounds[0][len(rounds[0])-1].seconds
			}
			if i == 0 {
				f.ratio = 1
			}
			rounds[i] = append(rounds[i], f)
		}
	}
	medians := make([]figure, len(r.all))
	for i, figures := range rounds {
		median := func(value func(figure) float64) float64 {
			slices.SortFunc(figures, func(a, b figure) int { return cmp.Compare(value(a), value(b)) })
			return (value(figures[(len(figures)-1)/2]) + value(figures[len(figures)/2])) / 2
		}
		medians[i] = figure{
			seconds: median(func(f figure) float64 { return f.seconds }),
			bytes:   median(func(f figure) float64 { return f.bytes }),
			allocs:  median(func(f figure) float64 { return f.allocs }),
			ratio:   median(func(f figure) float64 { return f.ratio }),
		}
		for _, f := range figures {
			medians[i].err = cmp.Or(medians[i].err, f.err)
		}
	}
	return medians
}

// calls measures sequential calls with responses from memory.
func (r *runner) calls(title string, transport http.RoundTripper, call func(context.Context, Client) error) {
	figures := r.measure(func(c Contestant) figure { return r.cost(c, transport, call) })
	r.row(title, figures, func(f figure) string {
		return fmt.Sprintf("%.2f (%.1f µs), %.1f KB, %.0f", f.ratio, f.seconds*1e6, f.bytes/1000, f.allocs)
	})
}

// cost measures the calls of one contestant.
func (r *runner) cost(c Contestant, transport http.RoundTripper, call func(context.Context, Client) error) (f figure) {
	ctx := context.Background()
	client, err := c.New(baseURL, apiKey, &http.Client{Transport: transport})
	if err != nil {
		return figure{err: err}
	}
	for range 3 { // fill pools and caches
		if err := call(ctx, client); err != nil {
			return figure{err: err}
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, start, cpu := 0, time.Now(), processorTime()
	for time.Since(start) < r.Time {
		for range 10 {
			if err := call(ctx, client); err != nil {
				return figure{err: err}
			}
		}
		n += 10
	}
	f.seconds = (processorTime() - cpu).Seconds() / float64(n)
	runtime.ReadMemStats(&after)
	f.bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	f.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	return f
}

// listAll measures listing all pages.
func (r *runner) listAll(title string, transport *memory) {
	figures := r.measure(func(c Contestant) (f figure) {
		client, err := c.New(baseURL, apiKey, &http.Client{Transport: transport})
		if err != nil {
			return figure{err: err}
		}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		cpu := processorTime()
		items, err := client.ListAll(context.Background())
		f.seconds = (processorTime() - cpu).Seconds()
		runtime.ReadMemStats(&after)
		f.bytes = float64(after.TotalAlloc - before.TotalAlloc)
		f.err = expect(items, len(transport.pages)*PageSize, err)
		return f
	})
	r.row(title, figures, func(f figure) string {
		return fmt.Sprintf("%.2f (%.0f ms); %.1f MB", f.ratio, f.seconds*1e3, f.bytes/1e6)
	})
}

// sizes measures the size of a program that lists machines with each client.
func (r *runner) sizes() {
	dir, err := os.MkdirTemp("", "paperspace-bench-")
	if err != nil {
		r.errs = append(r.errs, err)
		return
	}
	defer os.RemoveAll(dir)
	figures := make([]figure, len(r.all))
	for i, c := range r.all {
		program := filepath.Join(dir, "program")
		output, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, c.Program).CombinedOutput()
		if err != nil {
			figures[i].err = fmt.Errorf("%w: %s", err, output)
			continue
		}
		info, err := os.Stat(program)
		if err != nil {
			figures[i].err = err
			continue
		}
		figures[i].bytes = float64(info.Size())
		figures[i].ratio = figures[i].bytes / figures[0].bytes
	}
	r.row("a program that only lists, `-ldflags='-s -w'`", figures, func(f figure) string {
		return fmt.Sprintf("%.2f (%.2f MB)", f.ratio, f.bytes/1e6)
	})
}

// live reports whether each contestant decodes a machine as the live service sends it.
func (r *runner) live() {
	transport := &memory{get: liveMachine()}
	figures := make([]figure, len(r.all))
	for i, c := range r.all {
		client, err := c.New(baseURL, apiKey, &http.Client{Transport: transport})
		if err != nil {
			figures[i].err = err
			continue
		}
		figures[i].extra = "yes"
		if ram, err := client.Get(context.Background(), someID); err != nil || ram != someRAM {
			figures[i].extra = "no"
		}
	}
	r.row("decodes the live service's string integers and nulls", figures, func(f figure) string { return f.extra })
}

// liveCost measures what it costs the SDK that the live service's responses differ from the contract.
func (r *runner) liveCost(plain *memory) {
	contestant := func(bodies *memory) Contestant {
		return Contestant{New: func(baseURL, apiKey string, _ *http.Client) (Client, error) {
			return newSDK(baseURL, apiKey, &http.Client{Transport: bodies})
		}}
	}
	each := *r
	each.all = []Contestant{
		contestant(plain), contestant(&memory{get: liveMachine(), pages: [][]byte{liveWire(plain.pages[0])}}),
	}
	ratio := func(call func(context.Context, Client) error) float64 {
		figures := each.measure(func(c Contestant) figure { return r.cost(c, nil, call) })
		r.errs = append(r.errs, figures[0].err, figures[1].err)
		return figures[1].ratio
	}
	list := ratio(func(ctx context.Context, c Client) error {
		items, _, err := c.List(ctx, "")
		return expect(items, PageSize, err)
	})
	get := ratio(func(ctx context.Context, c Client) error {
		ram, err := c.Get(ctx, someID)
		return expect(ram, someRAM, err)
	})
	fmt.Fprintf(r.w, "with the responses of the live service, %s takes %.2f of the time for a list and %.2f for a get\n", sdk, list, get)
}

// latency measures how long the SDK takes to list all machines from a service with latency, and how much prefetching
// saves a slow consumer.
func (r *runner) latency(transport *memory) {
	const pause = 20 * time.Millisecond
	machines := len(transport.pages) * PageSize
	listAll := func(consumer time.Duration, opts ...paperspace.RequestOption) (requests int, took time.Duration) {
		slow := *transport
		slow.latency, slow.calls = pause, 0
		client, err := newSDK(baseURL, apiKey, &http.Client{Transport: &slow})
		start, items := time.Now(), 0
		if err == nil {
			items, err = client.(sdkCalls).listAll(context.Background(), consumer, opts...)
			err = expect(items, machines, err)
		}
		if err != nil {
			r.errs = append(r.errs, err)
		}
		return slow.calls, time.Since(start)
	}
	requests, took := listAll(0)
	fmt.Fprintf(r.w, "%s lists all %d machines at %v per request: %d requests, %.2f times the unavoidable latency\n",
		sdk, machines, pause, requests, took.Seconds()/(time.Duration(requests)*pause).Seconds())
	_, plain := listAll(pause)
	requests, took = listAll(pause, paperspace.WithPrefetch())
	fmt.Fprintf(r.w, "with a consumer that takes %v per page, WithPrefetch takes %.2f of the time without it: %d requests\n",
		pause, took.Seconds()/plain.Seconds(), requests)
}
