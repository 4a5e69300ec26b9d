// Command paperspace-fake serves an in-memory Paperspace, for use with curl and with programs in other languages:
//
//	go run ./paperspacetest/cmd/paperspace-fake -addr 127.0.0.1:8080 -key test-key -speed 60
//	curl -H 'Authorization: Bearer test-key' http://127.0.0.1:8080/v1/machines
//
// With -populated, it has one or two objects of every kind at the start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/paperspace-go/paperspace/internal/populate"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command runs the command and returns the exit status. The flag package has already printed its own errors.
func command(ctx context.Context, args []string, out, errOut io.Writer) int {
	err := run(ctx, args, out, errOut)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case !errors.Is(err, errFlags):
		fmt.Fprintln(errOut, "paperspace-fake:", err)
	}
	return 1
}

var errFlags = errors.New("invalid flags")

// run serves the API until the context ends.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("paperspace-fake", flag.ContinueOnError)
	flags.SetOutput(errOut)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	key := flags.String("key", paperspacetest.DefaultKey, "API key to accept")
	speed := flags.Float64("speed", 1, "seconds that pass for the server in one second")
	populated := flags.Bool("populated", false, "begin with one or two objects of every kind")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errFlags
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *key == "":
		return errors.New("-key must not be empty")
	case !(*speed > 0) || math.IsInf(*speed, 1):
		return errors.New("-speed must be a finite number above 0")
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	var passed time.Duration // more than the time that has really passed
	fake := paperspacetest.NewServer(
		paperspacetest.WithKey(*key), paperspacetest.WithSpeed(*speed), paperspacetest.WithoutCalls(),
		paperspacetest.WithClock(func() time.Time { return time.Now().Add(passed) }),
	)
	if *populated {
		populate.Server(fake, func(d time.Duration) { passed += time.Duration(float64(d) / *speed) })
	}
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(out, "serving http://%s/v1\n", listener.Addr())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	shutdownCtx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(shutdownCtx)
}
