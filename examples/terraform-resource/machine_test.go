package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// bench is a test bench: a Machine with an in-memory Paperspace, and the saved states.
type bench struct {
	Machine
	srv   *paperspacetest.Server
	saved []State
}

func (b *bench) save(s State) error {
	b.saved = append(b.saved, s)
	return nil
}

func (b *bench) last() State { return b.saved[len(b.saved)-1] }

// count returns the number of machines.
func (b *bench) count(t *testing.T) (n int) {
	for _, err := range b.Client.Machines.All(t.Context(), paperspace.MachineListParams{}) {
		require.NoError(t, err)
		n++
	}
	return n
}

func test(t *testing.T, name string, f func(t *testing.T, b *bench)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := paperspacetest.New(t)
			f(t, &bench{Machine: Machine{srv.Client()}, srv: srv})
		})
	})
}

var config = Config{
	Name: "kept", MachineType: "C5", DiskSize: 50, Running: true,
	TemplateID: paperspacetest.UbuntuID, Region: paperspace.RegionNY2,
}

func TestRun(t *testing.T) {
	for _, name := range []string{"PAPERSPACE_API_KEY", "PAPERSPACE_API_KEY_FILE", "PAPERSPACE_API_URL"} {
		t.Setenv(name, "")
	}
	require.NoError(t, run(t.Context()))
}

func TestCreate(t *testing.T) {
	test(t, "the id is saved before the wait", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))

		require.Len(t, b.saved, 2)
		assert.Equal(t, State{ID: b.last().ID, EventID: b.saved[0].EventID}, b.saved[0])
		assert.NotEmpty(t, b.saved[0].EventID)
		want := State{ID: b.saved[0].ID, Name: "kept", MachineType: "C5", DiskSize: 50, Running: true, PublicIP: b.last().PublicIP}
		assert.Equal(t, want, b.last())
		assert.NotEmpty(t, b.last().PublicIP)
		now, ok, err := b.Read(t.Context(), b.last())
		assert.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, want, now)
	})
	test(t, "a machine that should be off", func(t *testing.T, b *bench) {
		off := config
		off.Running = false
		require.NoError(t, b.Create(t.Context(), off, b.save))
		assert.False(t, b.last().Running)
	})
	test(t, "an interrupted create is resumed", func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, b.Create(ctx, config, b.save), context.DeadlineExceeded)
		require.Len(t, b.saved, 1)

		state, ok, err := b.Read(t.Context(), b.last())
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, b.last().EventID, state.EventID)
		require.NoError(t, b.Update(t.Context(), state, config, b.save))
		assert.True(t, b.last().Running)
		assert.Empty(t, b.last().EventID)
		assert.Len(t, b.srv.Calls("machines-create"), 1)
	})
	test(t, "a lost response causes no second machine", func(t *testing.T, b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true})
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", Skip: 1, Times: 2, Status: 200, Body: `{"items": [], "hasMore": false}`})
		require.NoError(t, b.Create(t.Context(), config, b.save))

		assert.Len(t, b.srv.Calls("machines-create"), 1)
		assert.Equal(t, 1, b.count(t))
		assert.Equal(t, b.saved[0].ID, b.last().ID)
		assert.True(t, b.last().Running)
	})
	test(t, "a canceled create causes no second machine", func(t *testing.T, b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Latency: time.Minute, CarriedOut: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, b.Create(ctx, config, b.save), context.DeadlineExceeded)
		assert.Equal(t, 1, b.count(t))
		require.Len(t, b.saved, 1)
		assert.NotEmpty(t, b.last().ID)
	})
	test(t, "a create without effect is an error", func(t *testing.T, b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: http.StatusInternalServerError})
		err := b.Create(t.Context(), config, b.save)
		assert.ErrorIs(t, err, paperspace.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, paperspace.ErrNotFound)
		assert.Empty(t, b.saved)
		assert.Zero(t, b.count(t))
	})
	test(t, "the name is taken", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))
		assert.ErrorIs(t, b.Create(t.Context(), config, b.save), ErrExists)
		assert.Len(t, b.srv.Calls("machines-create"), 1)
	})
	test(t, "the name cannot be looked up", func(t *testing.T, b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-list", HTML: true, Status: http.StatusNotFound})
		require.Error(t, b.Create(t.Context(), config, b.save))
		assert.Empty(t, b.srv.Calls("machines-create"))
	})
	test(t, "a refusal", func(t *testing.T, b *bench) {
		wrong := config
		wrong.TemplateID = "tnothing0"
		require.Error(t, b.Create(t.Context(), wrong, b.save))
		assert.Empty(t, b.saved)
	})
	test(t, "an event that fails", func(t *testing.T, b *bench) {
		b.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no capacity"))
		require.ErrorIs(t, b.Create(t.Context(), config, b.save), paperspace.ErrEventFailed)
		assert.Len(t, b.saved, 1, "the id must be saved, so that the machine can be deleted")
	})
	test(t, "a state that cannot be saved", func(t *testing.T, b *bench) {
		full := errors.New("the disk is full")
		err := b.Create(t.Context(), config, func(s State) error {
			b.saved = append(b.saved, s)
			return full
		})
		require.ErrorIs(t, err, full)
		assert.ErrorContains(t, err, b.last().ID)
		assert.Len(t, b.saved, 1)
	})
}

func TestRead(t *testing.T) {
	test(t, "only a response of the API means that the machine does not exist", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))
		for _, fault := range []paperspacetest.Fault{
			{HTML: true, Status: http.StatusNotFound}, {Status: http.StatusUnauthorized}, {Status: http.StatusBadGateway}, {Cut: true},
		} {
			lift := b.srv.Inject(fault)
			_, ok, err := b.Read(t.Context(), b.last())
			assert.Error(t, err)
			assert.True(t, ok)
			lift()
		}
		require.NoError(t, b.Delete(t.Context(), b.last()))
		_, ok, err := b.Read(t.Context(), b.last())
		assert.NoError(t, err)
		assert.False(t, ok)
	})
	test(t, "a new machine that is not visible yet exists", func(t *testing.T, b *bench) {
		b.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Hangs())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.Error(t, b.Create(ctx, config, b.save))
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Status: http.StatusNotFound})

		state, ok, err := b.Read(t.Context(), b.last())
		assert.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, b.last(), state)

		b.srv.EndEvent(state.EventID, paperspacetest.Fails("no capacity"))
		_, ok, err = b.Read(t.Context(), state)
		assert.NoError(t, err)
		assert.False(t, ok)
	})
}

func TestUpdate(t *testing.T) {
	test(t, "name, type, disk", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))
		other := config
		other.Name, other.MachineType, other.DiskSize = "renamed", "A4000", 100
		require.NoError(t, b.Update(t.Context(), b.last(), other, b.save))

		assert.Equal(t, State{
			ID: b.last().ID, Name: "renamed", MachineType: "A4000", DiskSize: 100, Running: true, PublicIP: b.last().PublicIP,
		}, b.last())
		assert.Len(t, b.srv.Calls("machines-update"), 1)
	})
	test(t, "nothing to do", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))
		require.NoError(t, b.Update(t.Context(), b.last(), config, b.save))
		assert.Empty(t, b.srv.Calls("machines-update", "machines-start", "machines-stop"))
	})
	test(t, "a failed update can be repeated", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))
		other := config
		other.DiskSize = 100
		b.srv.NextEvent(paperspace.MachineEventNameVMUpgrade, paperspacetest.Fails("no capacity"))
		require.ErrorIs(t, b.Update(t.Context(), b.last(), other, b.save), paperspace.ErrEventFailed)

		state, ok, err := b.Read(t.Context(), b.last())
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, 50, state.DiskSize)
		require.NoError(t, b.Update(t.Context(), state, other, b.save))
		assert.Equal(t, 100, b.last().DiskSize)
		assert.True(t, b.last().Running)
	})
}

func TestDelete(t *testing.T) {
	for name, fault := range map[string]paperspacetest.Fault{
		"no fault":           {Endpoint: "machines-get", Latency: time.Second},
		"a lost response":    {Endpoint: "machines-delete", Times: 1, Cut: true, CarriedOut: true},
		"all responses lost": {Endpoint: "machines-delete", Cut: true, CarriedOut: true},
	} {
		test(t, name, func(t *testing.T, b *bench) {
			require.NoError(t, b.Create(t.Context(), config, b.save))
			b.srv.Inject(fault)
			require.NoError(t, b.Delete(t.Context(), b.last()))
			assert.Zero(t, b.count(t))
			require.NoError(t, b.Delete(t.Context(), b.last()), "deleting twice must succeed")
		})
	}
	test(t, "without effect", func(t *testing.T, b *bench) {
		require.NoError(t, b.Create(t.Context(), config, b.save))
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-delete", HTML: true})
		err := b.Delete(t.Context(), b.last())
		assert.ErrorIs(t, err, paperspace.ErrOutcomeUnknown)
		assert.ErrorIs(t, err, paperspace.ErrWaitTimeout)
		assert.Equal(t, 1, b.count(t))
	})
}
