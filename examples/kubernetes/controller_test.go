package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/paperspace-go/paperspace"
	"github.com/paperspace-go/paperspace/paperspacetest"
)

// bench is a cluster with one resource, and an in-memory Paperspace.
type bench struct {
	*testing.T
	srv        *paperspacetest.Server
	paperspace *paperspace.Client
	cluster    client.WithWatch // what the test sees
	controller client.Client    // what the controller sees
}

var key = client.ObjectKey{Namespace: "default", Name: "trainer"}

func test(t *testing.T, name string, f func(b *bench)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cluster := newFakeClient(&Machine{
				ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "7f3a", Generation: 1},
				Spec:       MachineSpec{MachineType: "C5", TemplateID: paperspacetest.UbuntuID, DiskSize: 50, Region: paperspace.RegionNY2},
			})
			srv := paperspacetest.New(t, paperspacetest.WithDurations(paperspacetest.Durations{ // short, for fewer polls
				Queue: time.Second, Create: 8 * time.Second, Boot: 4 * time.Second, Start: 4 * time.Second, Stop: 4 * time.Second,
				Upgrade: 5 * time.Second, Delete: 3 * time.Second,
			}))
			f(&bench{t, srv, srv.Client(), cluster, cluster})
		})
	})
}

// step takes one step, in a controller that remembers nothing.
func (b *bench) step() (ctrl.Result, error) {
	begin := time.Now()
	result, err := (&Reconciler{b.controller, b.paperspace}).Reconcile(b.Context(), ctrl.Request{NamespacedName: key})
	assert.LessOrEqual(b, time.Since(begin), 20*time.Second, "duration of a step")
	return result, err
}

// run takes steps until there is nothing left to do. It repeats a step that fails, after a pause.
func (b *bench) run() {
	b.Helper()
	for range 1000 {
		result, err := b.step()
		switch {
		case err != nil:
			time.Sleep(5 * time.Second)
		case result.RequeueAfter == 0:
			return
		default:
			time.Sleep(result.RequeueAfter)
		}
	}
	require.Fail(b, "the controller does not come to an end")
}

func (b *bench) get() *Machine {
	b.Helper()
	var m Machine
	require.NoError(b, b.cluster.Get(b.Context(), key, &m))
	return &m
}

func (b *bench) change(f func(*MachineSpec)) {
	b.Helper()
	m := b.get()
	f(&m.Spec)
	require.NoError(b, b.cluster.Update(b.Context(), m))
}

func (b *bench) delete() {
	b.Helper()
	require.NoError(b, b.cluster.Delete(b.Context(), b.get()))
}

func (b *bench) machines() []paperspace.Machine {
	b.Helper()
	list, err := paperspace.Collect(b.srv.Client().Machines.All(b.Context(), paperspace.MachineListParams{}))
	require.NoError(b, err)
	return list
}

// isReady checks that the machine of the resource is in a state, and that there is no other machine.
func (b *bench) isReady(state paperspace.MachineState) {
	b.Helper()
	m := b.get()
	assert.True(b, meta.IsStatusConditionTrue(m.Status.Conditions, "Ready"), m.Status.Conditions)
	list := b.machines()
	require.Len(b, list, 1, "machines")
	assert.Equal(b, list[0].ID, m.Status.ID)
	assert.Equal(b, state, list[0].State)
	assert.Equal(b, state, m.Status.State)
	assert.Equal(b, list[0].PublicIP, m.Status.PublicIP)
	assert.Equal(b, m.Spec.MachineType, list[0].MachineType)
}

// isGone checks that neither the resource nor a machine is left.
func (b *bench) isGone() {
	b.Helper()
	assert.True(b, apierrors.IsNotFound(b.cluster.Get(b.Context(), key, new(Machine))), "the resource must be gone")
	assert.Empty(b, b.machines(), "machines")
}

func (b *bench) creates() int { return len(b.srv.Calls("machines-create")) }

func TestLifecycle(t *testing.T) {
	test(t, "create, change and delete", func(b *bench) {
		_, err := b.step()
		require.NoError(b, err)
		condition := meta.FindStatusCondition(b.get().Status.Conditions, "Ready")
		assert.Equal(b, "InProgress", condition.Reason)
		b.run()
		b.isReady(paperspace.MachineStateReady)

		b.srv.ResetCalls()
		b.run()
		assert.Len(b, b.srv.Calls(), len(b.srv.Calls("machines-get", "machineEvents-list")), "a step without a change only reads")

		b.change(func(s *MachineSpec) { s.MachineType = "A4000" })
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Len(b, b.srv.Calls("machines-update"), 1, "updates")
		b.change(func(s *MachineSpec) { s.Off = true })
		b.run()
		b.isReady(paperspace.MachineStateOff)

		b.delete()
		b.run()
		b.isGone()
	})
	test(t, "deleted while it is created", func(b *bench) {
		_, err := b.step()
		require.NoError(b, err)
		b.delete()
		b.run()
		b.isGone()
	})
	test(t, "deleted before it is created", func(b *bench) {
		b.delete()
		b.run()
		assert.Zero(b, b.creates())
	})
	test(t, "a machine that was deleted elsewhere is created again", func(b *bench) {
		b.run()
		require.NoError(b, b.paperspace.Machines.EnsureDeleted(b.Context(), b.get().Status.ID))
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 2, b.creates())
	})
	test(t, "a 404 of a proxy is not a deleted machine", func(b *bench) {
		b.run()
		lift := b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", HTML: true, Status: http.StatusNotFound})
		_, err := b.step()
		require.Error(b, err)
		lift()
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 1, b.creates())
	})
	test(t, "a machine that was stopped elsewhere is started", func(b *bench) {
		b.run()
		_, err := b.paperspace.Machines.EnsureOff(b.Context(), b.get().Status.ID)
		require.NoError(b, err)
		b.run()
		b.isReady(paperspace.MachineStateReady)
	})
	test(t, "a new machine that the API does not find yet", func(b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-get", Times: 5, Status: http.StatusNotFound})
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 1, b.creates())
	})
	test(t, "an operation that fails", func(b *bench) {
		b.srv.NextEvent(paperspace.MachineEventNameCreate, paperspacetest.Fails("no capacity"))
		var err error
		for err == nil {
			_, err = b.step()
			time.Sleep(pause)
		}
		condition := meta.FindStatusCondition(b.get().Status.Conditions, "Ready")
		assert.Equal(b, "OperationFailed", condition.Reason)
		assert.Contains(b, condition.Message, "no capacity")
		b.delete()
		b.run()
		b.isGone()
	})
	test(t, "a create that is refused", func(b *bench) {
		b.change(func(s *MachineSpec) { s.TemplateID = "tnothing0" })
		_, err := b.step()
		require.Error(b, err)
		assert.Equal(b, "RequestFailed", b.get().Status.Conditions[0].Reason)
		assert.Nil(b, b.get().Status.CreateSentAt)
		b.delete()
		b.run()
		b.isGone()
	})
}

// unlisted hides a new machine from the list for some time.
var unlisted = paperspacetest.Fault{Endpoint: "machines-list", Skip: 1, Times: 6, Status: http.StatusOK, Body: `{"items":[],"hasMore":false}`}

func TestLostCreate(t *testing.T) {
	lost := paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Cut: true, CarriedOut: true}
	test(t, "the machine is adopted", func(b *bench) {
		b.srv.Inject(lost)
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 1, b.creates())
	})
	test(t, "the machine is listed late", func(b *bench) {
		b.srv.Inject(lost)
		b.srv.Inject(unlisted)
		_, err := b.step()
		require.NoError(b, err)
		assert.Equal(b, "OutcomeUnknown", b.get().Status.Conditions[0].Reason)
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 1, b.creates())
	})
	test(t, "the resource is deleted before the machine is listed", func(b *bench) {
		b.srv.Inject(lost)
		b.srv.Inject(unlisted)
		_, err := b.step()
		require.NoError(b, err)
		b.delete()
		b.run()
		b.isGone()
	})
	test(t, "nothing was created", func(b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: http.StatusInternalServerError})
		begin := time.Now()
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 2, b.creates())
		assert.Greater(b, time.Since(begin), settleTime, "time before the create is sent again")
	})
	test(t, "nothing was created, and the resource is deleted", func(b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Status: http.StatusInternalServerError})
		_, err := b.step()
		require.NoError(b, err)
		b.delete()
		b.run()
		b.isGone()
	})
	test(t, "a create that hangs", func(b *bench) {
		b.srv.Inject(paperspacetest.Fault{Endpoint: "machines-create", Times: 1, Latency: time.Hour, CarriedOut: true})
		b.run()
		b.isReady(paperspace.MachineStateReady)
		assert.Equal(b, 1, b.creates())
	})
}

// A controller can crash at each write to the cluster, before or after it, and loses or doubles no machine.
func TestCrash(t *testing.T) {
	crash := errors.New("crashed")
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			writes := 0
			test(t, fmt.Sprintf("at write %d, after it %t", n, after), func(b *bench) {
				write := func(do func() error) error {
					writes++
					if writes == n && !after {
						return crash
					}
					err := do()
					if writes == n {
						return crash
					}
					return err
				}
				b.controller = interceptor.NewClient(b.cluster, interceptor.Funcs{
					Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
						return write(func() error { return c.Update(ctx, o, opts...) })
					},
					SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
						return write(func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
					},
				})
				lift := b.srv.Inject(unlisted)
				b.run()
				lift()
				b.isReady(paperspace.MachineStateReady)
				assert.Equal(b, 1, b.creates())
				b.delete()
				b.run()
				b.isGone()
			})
			if t.Failed() || writes < n {
				break
			}
		}
	}
}

// Each request to Paperspace can fail, or lose its response, and no machine is lost or doubled.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]paperspacetest.Fault{
		"lost":    {Cut: true, CarriedOut: true},
		"refused": {Cut: true},
		"500":     {Status: http.StatusInternalServerError},
		"429":     {RetryAfter: time.Second},
	} {
		for n := 0; ; n++ {
			met := true
			test(t, fmt.Sprintf("%s, request %d", name, n+1), func(b *bench) {
				fault.Skip, fault.Times = n, 1
				b.srv.Inject(fault)
				b.run()
				b.isReady(paperspace.MachineStateReady)
				b.change(func(s *MachineSpec) { s.MachineType = "A4000" })
				b.run()
				b.isReady(paperspace.MachineStateReady)
				b.delete()
				b.run()
				b.isGone()
				met = false
				for _, call := range b.srv.Calls() {
					met = met || call.Fault
				}
			})
			if t.Failed() || !met {
				break
			}
		}
	}
}

// A step that reads an old copy of the resource from the cache sends no second create.
func TestOldCopy(t *testing.T) {
	test(t, "from before the create", func(b *bench) {
		b.srv.Inject(unlisted)
		old := b.get()
		controllerutil.AddFinalizer(old, finalizer)
		require.NoError(b, b.cluster.Update(b.Context(), old))
		b.controller = interceptor.NewClient(b.cluster, interceptor.Funcs{
			Get: func(_ context.Context, _ client.WithWatch, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
				*o.(*Machine) = *old.DeepCopy()
				return nil
			},
		})
		_, err := b.step()
		require.NoError(b, err)
		_, err = b.step()
		require.True(b, apierrors.IsConflict(err), err)
		assert.Equal(b, 1, b.creates())
	})
}

func TestDemonstration(t *testing.T) {
	require.NoError(t, demonstrate(t.Context()))
}
