package paperspace

import (
	"cmp"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	doneEvent = `{"id":"e1","name":"snapshot-restore","state":"done","machineId":"psm9u09bwu5i","dtCreated":"2024-01-02T03:04:05Z",
		"dtStarted":"2024-01-02T03:04:05Z","dtFinished":"2024-01-02T03:05:05Z","error":null}`
	okSnapshot = `{"id":"ss1","name":"before","machineId":"psm9u09bwu5i","isAutoSnapshot":false}`
	okTemplate = `{"id":"t1","name":"before","agentType":"LinuxHeadless","operatingSystemLabel":"Ubuntu","region":"East Coast (NY2)",
		"defaultSizeGb":50,"availableMachineTypes":[],"parentMachineId":"psm9u09bwu5i","dtCreated":"2024-01-02T03:04:05Z","dtDeleted":null}`
)

func TestRestoreBodies(t *testing.T) {
	for body, params := range map[string]SnapshotRestoreParams{
		`{}`:                                    {},
		`{"createSnapshotBeforeRestore":true}`:  {CreateSnapshotBeforeRestore: new(true)},
		`{"createSnapshotBeforeRestore":false}`: {CreateSnapshotBeforeRestore: new(false)},
	} {
		rt := play(conformingReply(t, "snapshots-restore", `{"event":`+doneEvent+`,"data":`+okSnapshot+`}`))
		op, err := newTestClient(t, rt).Snapshots.Restore(t.Context(), "ss1", params)
		require.NoError(t, err)
		_, sent := lastRequest(t, rt, "snapshots-restore")
		assert.Equal(t, body, sent)
		assert.Equal(t, "e1", op.Event.ID)
		assert.Equal(t, "psm9u09bwu5i", op.Data.MachineID, "Data has the machine")
	}
}

// Wait gets the object again, except after a delete.
func TestOperationsOnSnapshotsAndTemplates(t *testing.T) {
	ctx := t.Context()
	assertRereads(t, "snapshots-create", okSnapshot, "snapshots-get", func(c *Client) (*Operation[Snapshot], error) {
		return c.Snapshots.Create(ctx, SnapshotCreateParams{Name: "n", MachineID: "psm9u09bwu5i"})
	})
	assertRereads(t, "snapshots-restore", okSnapshot, "snapshots-get", func(c *Client) (*Operation[Snapshot], error) {
		return c.Snapshots.Restore(ctx, "ss1", SnapshotRestoreParams{})
	})
	assertRereads(t, "snapshots-delete", okSnapshot, "", func(c *Client) (*Operation[Snapshot], error) {
		return c.Snapshots.Delete(ctx, "ss1")
	})
	assertRereads(t, "customTemplates-create", okTemplate, "customTemplates-get", func(c *Client) (*Operation[CustomTemplate], error) {
		return c.CustomTemplates.Create(ctx, CustomTemplateCreateParams{Name: "n", MachineID: "psm9u09bwu5i"})
	})
}

func assertRereads[T any](t *testing.T, id, data, reread string, call func(*Client) (*Operation[T], error)) {
	t.Helper()
	rt := play(conformingReply(t, id, `{"event":`+doneEvent+`,"data":`+data+`}`), reply(http.StatusOK, data))
	op, err := call(newTestClient(t, rt))
	require.NoError(t, err)
	lastRequest(t, rt, id)
	object, err := op.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, op.Data, *object)
	lastRequest(t, rt, cmp.Or(reread, id))
}
