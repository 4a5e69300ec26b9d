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

func TestRunServesTheAPI(t *testing.T) {
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
	require.NoError(t, err, "at this speed the machine is ready within milliseconds")
	assert.NotEmpty(t, m.PublicIP)

	client.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}

func TestPopulatedFakeHasObjectsOfEveryKind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-populated"}, w, io.Discard) }()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	url := strings.TrimPrefix(strings.TrimSpace(line), "serving ")
	client, err := paperspace.NewClient(paperspace.WithBaseURL(url), paperspace.WithAPIKey("test-key"))
	require.NoError(t, err)
	defer client.CloseIdleConnections()

	machine, err := client.Machines.GetByName(ctx, "trainer")
	require.NoError(t, err)
	assert.Equal(t, paperspace.MachineStateReady, machine.State)
	deployments, err := client.Deployments.List(ctx, paperspace.DeploymentListParams{})
	require.NoError(t, err)
	require.NotEmpty(t, deployments.Items)
	assert.NotZero(t, deployments.Items[0].LatestSpec.HealthyAt)

	client.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}

func TestInvalidFlags(t *testing.T) {
	for arg, want := range map[string]string{
		"-key=": "-key must not be empty", "-speed=0": "-speed must be", "-speed=-1": "-speed must be",
		"-speed=NaN": "-speed must be", "-speed=Inf": "-speed must be", "-speed=x": "invalid value", "-what": "-what",
		"more": "unexpected argument", "-addr=nowhere:at:all": "too many colons",
	} {
		var errOut bytes.Buffer
		assert.Equal(t, 1, command(t.Context(), []string{arg}, io.Discard, &errOut), arg)
		assert.Equal(t, 1, strings.Count(errOut.String(), want), "%q must be reported once: %s", want, &errOut)
	}
	var errOut bytes.Buffer
	assert.Zero(t, command(t.Context(), []string{"-help"}, io.Discard, &errOut))
	assert.Contains(t, errOut.String(), "-speed")
}
