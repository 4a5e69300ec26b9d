package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/internal/populate"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// A result is what a run of the command left.
type result struct {
	status   int
	out, log string
	markdown string
	left     []string
	creates  int // machines
}

// runCommand runs the command against a populated in-memory Paperspace.
func runCommand(t *testing.T, input string, arguments ...string) (r result) {
	return runCommandOn(t, input, func(*paperspacetest.Server, context.CancelCauseFunc) {}, arguments...)
}

func runCommandOn(t *testing.T, input string, prepare func(*paperspacetest.Server, context.CancelCauseFunc), arguments ...string) (r result) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report")
	synctest.Test(t, func(t *testing.T) {
		srv := paperspacetest.New(t)
		populate.Server(srv, time.Sleep)
		t.Setenv("PAPERSPACE_API_KEY", srv.Key())
		t.Setenv("PAPERSPACE_API_URL", srv.URL())
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		prepare(srv, stop)
		var out, log bytes.Buffer
		c := &command{in: bufio.NewReader(strings.NewReader(input)), out: &out, log: &log, transport: srv, cleanup: t.Context()}
		r.status = c.run(ctx, append([]string{"-o", report}, arguments...))
		r.out, r.log, r.left, r.creates = out.String(), log.String(), left(t, srv), len(srv.Calls("machines-create"))
	})
	data, err := os.ReadFile(report + ".md")
	if err != nil {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	r.markdown = string(data)
	if r.markdown != "" {
		_, err := readReport(report + ".json")
		require.NoError(t, err)
	}
	return r
}

func TestCommandReadsOnlyUnlessToldOtherwise(t *testing.T) {
	r := runCommand(t, "")
	assert.Zero(t, r.status, r.log)
	assert.Zero(t, r.creates)
	assert.Contains(t, r.out, "0 refuted")
	assert.Contains(t, r.out, "not seen  deleted-404")
	assert.Contains(t, r.markdown, "## Assumptions")
	assert.NotContains(t, r.markdown, "## The life of a machine")
	assert.NotContains(t, r.markdown, "## Changes")
}

func TestCommandAsksBeforeItCreatesAMachine(t *testing.T) {
	for _, answer := range []string{"", "n\n", "no\n", "what\n"} {
		r := runCommand(t, answer, "-live", "C5")
		assert.Equal(t, 1, r.status, answer)
		assert.Zero(t, r.creates, answer)
		assert.Contains(t, r.log, "$0.50")
		assert.Contains(t, r.log, "no machine was created")
		assert.NotEmpty(t, r.markdown, "what was read must be reported")
	}
	for _, c := range [][]string{{"y\n", "-live", "C5"}, {"YES\n", "-live", "C5"}, {"", "-live", "C5", "-yes"}} {
		r := runCommand(t, c[0], c[1:]...)
		assert.Zero(t, r.status, r.log)
		assert.Equal(t, 1, r.creates)
		assert.Empty(t, r.left)
		assert.Contains(t, r.markdown, "## The life of a machine")
	}
}

func TestStrictCommandFailsUnlessAllAssumptionsHold(t *testing.T) {
	assert.Equal(t, 1, runCommand(t, "", "-strict").status, "a machine's life is not seen")
	r := runCommand(t, "", "-strict", "-live", "C5", "-yes")
	assert.Zero(t, r.status, r.log)
}

func TestCommandDeletesLeftoversOfEarlierRuns(t *testing.T) {
	leave := func(srv *paperspacetest.Server, _ context.CancelCauseFunc) {
		client := srv.Client()
		_, err := client.Machines.Create(context.Background(), paperspace.MachineCreateParams{
			Name: newName(), MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2,
		})
		require.NoError(t, err)
		_, err = client.Projects.Create(context.Background(), paperspace.ProjectCreateParams{Name: newName()})
		require.NoError(t, err)
	}
	r := runCommandOn(t, "n\n", leave, "-cleanup")
	assert.Equal(t, 1, r.status)
	assert.Len(t, r.left, 2, "nothing is deleted without consent")

	r = runCommandOn(t, "y\n", leave, "-cleanup")
	assert.Zero(t, r.status, r.log)
	assert.Empty(t, r.left)
	assert.Empty(t, r.markdown, "a cleanup has no report")

	r = runCommandOn(t, "y\ny\n", leave, "-live", "C5")
	assert.Zero(t, r.status, r.log)
	assert.Empty(t, r.left)

	r = runCommandOn(t, "n\n", leave, "-live", "C5")
	assert.Equal(t, 1, r.status)
	assert.Equal(t, 1, r.creates, "no second machine while the first costs money")
}

func TestUnavailableTypeIsNotCreated(t *testing.T) {
	r := runCommandOn(t, "", func(srv *paperspacetest.Server, _ context.CancelCauseFunc) {
		srv.SetAvailable("C5", paperspace.RegionNY2, false)
	}, "-live", "C5", "-yes")
	assert.Equal(t, 1, r.status)
	assert.Zero(t, r.creates)
	assert.Contains(t, r.log, "C5 is not available in ny2")

	r = runCommand(t, "", "-live", "Q9", "-yes")
	assert.Equal(t, 1, r.status)
	assert.Zero(t, r.creates)
}

func TestInterruptedCommandReportsWhatItSaw(t *testing.T) {
	r := runCommandOn(t, "", func(_ *paperspacetest.Server, stop context.CancelCauseFunc) {
		time.AfterFunc(time.Minute, func() { stop(errors.New("received signal interrupt")) })
	}, "-live", "C5", "-yes")
	assert.Equal(t, 1, r.status)
	assert.Equal(t, 1, r.creates)
	assert.Empty(t, r.left)
	assert.Contains(t, r.log, "received signal interrupt")
	assert.Contains(t, r.markdown, "It ended early.")
}

func TestInterruptWhileTheCommandAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never, w := io.Pipe()
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := &command{in: bufio.NewReader(never), log: io.Discard}
		assert.False(t, c.confirm(ctx, "Create a machine?"))
	})
}

func TestWrongKeyEndsTheCommand(t *testing.T) {
	r := runCommandOn(t, "", func(*paperspacetest.Server, context.CancelCauseFunc) { t.Setenv("PAPERSPACE_API_KEY", "wrong") })
	assert.Equal(t, 1, r.status)
	assert.Contains(t, r.log, "UNAUTHORIZED")
	assert.Empty(t, r.markdown)
}

func TestCommandComparesWithAnEarlierReport(t *testing.T) {
	dir := t.TempDir()
	earlier, later := filepath.Join(dir, "earlier.json"), filepath.Join(dir, "later.json")
	for name, of := range map[string]run{earlier: {}, later: setTo("/machines", "colour", "red")} {
		_, report, _ := of.probe(t)
		require.NoError(t, writeFile(name, report.writeJSON))
	}
	r := runCommand(t, "", "-against", later)
	assert.Zero(t, r.status, r.log)
	assert.Contains(t, r.markdown, "## Changes since the earlier report")
	assert.Contains(t, r.out, "changed: assumption `known-members` was refuted and is now held")

	var out, log bytes.Buffer
	c := &command{out: &out, log: &log, transport: roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("comparing two reports must not send anything")
		return nil, errors.New("no network")
	})}
	assert.Zero(t, c.run(t.Context(), []string{"-against", earlier, later}), log.String())
	assert.Contains(t, out.String(), "- assumption `known-members` was held and is now refuted")
}

func TestInvalidFlags(t *testing.T) {
	for arguments, want := range map[string]string{
		"-limit 0": "-limit must be", "-limit NaN": "-limit must be", "-limit Inf": "-limit must be", "-poll 0s": "-poll must be",
		"-region moon": "unknown region", "-what": "-what", "more": "unexpected argument", "-against a b c": "unexpected argument",
		"-o=": "-o must not be empty", "-limit x": "invalid value",
	} {
		var log bytes.Buffer
		c := &command{log: &log}
		assert.Equal(t, 2, c.run(t.Context(), strings.Fields(arguments)), arguments)
		assert.Equal(t, 1, strings.Count(log.String(), want), "%q must be reported once: %s", want, &log)
	}
	var log bytes.Buffer
	assert.Zero(t, (&command{log: &log}).run(t.Context(), []string{"-help"}))
	assert.Contains(t, log.String(), "-live")
}
