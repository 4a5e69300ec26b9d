package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
)

func TestServes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-key", "other", "-speed", "60000"}, w, io.Discard)
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "serving ")
	require.True(t, ok, line)

	client, err := paperspace.NewClient(paperspace.WithBaseURL(url), paperspace.WithAPIKey("other"),
		paperspace.WithPollInterval(5*time.Millisecond, 20*time.Millisecond))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	op, err := client.Machines.Create(ctx, paperspace.MachineCreateParams{
		Name: "trainer", MachineType: "C2", TemplateID: "t0nspur5", DiskSize: 50, Region: paperspace.RegionNY2,
		StartOnCreate: new(true),
	})
	require.NoError(t, err)
	assert.Equal(t, paperspace.MachineStateProvisioning, op.Data.State)
	m, err := client.Machines.WaitForState(ctx, op.Data.ID, paperspace.MachineStateReady)
	require.NoError(t, err, "at this speed it takes some milliseconds")
	assert.NotEmpty(t, m.PublicIP)

	client.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}

func TestRefusesWrongFlags(t *testing.T) {
	for _, args := range []string{"-key=", "-speed=0", "-speed=-1", "-speed=NaN", "-what", "more", "-addr=nowhere:at:all"} {
		var errOut bytes.Buffer
		assert.Error(t, run(t.Context(), []string{args}, io.Discard, &errOut), args)
	}
}
