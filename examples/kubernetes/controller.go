package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/paperspace-go/paperspace"
)

const (
	finalizer   = "paperspace.example.com/machine"
	stepTime    = 2 * time.Second  // how long a step waits for the machine
	createTime  = 10 * time.Second // how long a step takes at most to find or create the machine
	pause       = 3 * time.Second  // between two steps
	visibleTime = time.Minute      // how long the API may not find a new machine
	settleTime  = 10 * time.Minute // how long a create whose response was lost may still take effect
)

// Reconciler reconciles machines. It keeps nothing in memory: all that it must not forget is in the status.
type Reconciler struct {
	client.Client
	Paperspace *paperspace.Client
}

// SetupWithManager registers the reconciler. It ignores changes of the status, most of which are its own.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).For(&Machine{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).Complete(r)
}

// errAgain means that a step is to be repeated after the pause.
var errAgain = errors.New("not done yet")

// Reconcile takes a step towards the machine of the spec. No step waits for long; one that is not done is repeated.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var m Machine
	if err := r.Get(ctx, req.NamespacedName, &m); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := m.DeepCopy()
	err := r.step(ctx, &m)
	if err == nil && !m.DeletionTimestamp.IsZero() {
		controllerutil.RemoveFinalizer(&m, finalizer)
		return ctrl.Result{}, client.IgnoreNotFound(r.Update(ctx, &m))
	}
	m.setReady(err)
	var result ctrl.Result
	if errors.Is(err, errAgain) || errors.Is(err, paperspace.ErrWaitTimeout) {
		result.RequeueAfter, err = pause, nil
	}
	if !equality.Semantic.DeepEqual(before.Status, m.Status) {
		err = errors.Join(err, r.Status().Update(ctx, &m))
	}
	if err != nil {
		return ctrl.Result{}, err // controller-runtime repeats the step, after a growing pause
	}
	return result, nil
}

// step creates, changes or deletes the machine, as far as that is possible without a long wait.
func (r *Reconciler) step(ctx context.Context, m *Machine) error {
	isDeleted := !m.DeletionTimestamp.IsZero()
	if !isDeleted && controllerutil.AddFinalizer(m, finalizer) {
		if err := r.Update(ctx, m); err != nil {
			return err
		}
	}
	if m.Status.ID == "" && m.Status.CreateSentAt != nil {
		if err := r.find(ctx, m); err != nil {
			return err
		}
	}
	switch {
	case isDeleted && m.Status.ID == "":
		return nil
	case isDeleted:
		return r.Paperspace.Machines.EnsureDeleted(ctx, m.Status.ID, paperspace.WithWaitTimeout(stepTime))
	case m.Status.ID == "":
		if err := r.create(ctx, m); err != nil {
			return err
		}
	}
	return r.change(ctx, m)
}

// create finds or creates the machine. It first stores that it will: a crash may hide the response, and an old copy of
// the resource from the cache cannot be stored, so that it causes no second create.
func (r *Reconciler) create(ctx context.Context, m *Machine) error {
	m.Status.CreateSentAt = new(metav1.Now())
	if err := r.Status().Update(ctx, m); err != nil {
		return err
	}
	created, err := r.Paperspace.Machines.FindOrCreate(ctx, paperspace.MachineCreateParams{
		Name: m.machineName(), MachineType: m.Spec.MachineType, TemplateID: m.Spec.TemplateID, DiskSize: m.Spec.DiskSize,
		Region: m.Spec.Region, StartOnCreate: new(!m.Spec.Off),
	}, paperspace.WithSearchTimeout(stepTime), paperspace.WithWaitTimeout(createTime))
	switch {
	case err == nil:
		m.Status.ID = created.ID
	case errors.Is(err, paperspace.ErrOutcomeUnknown):
		return fmt.Errorf("%w: %w", errAgain, err) // the next step looks for the machine
	default:
		m.Status.CreateSentAt = nil // nothing was created
	}
	return err
}

// find looks for the machine of a create whose response was lost. Another create may be sent when it returns nil and the
// status has no ID.
func (r *Reconciler) find(ctx context.Context, m *Machine) error {
	found, err := r.Paperspace.Machines.GetByName(ctx, m.machineName())
	switch {
	case err == nil:
		m.Status.ID = found.ID
	case !errors.Is(err, paperspace.ErrNotFound):
		return err
	case time.Since(m.Status.CreateSentAt.Time) < settleTime:
		return fmt.Errorf("%w: the machine may still be created", errAgain)
	default:
		m.Status.CreateSentAt = nil
	}
	return nil
}

// change brings the machine into its type and state. A machine that was deleted elsewhere is created again.
func (r *Reconciler) change(ctx context.Context, m *Machine) error {
	isNew := time.Since(m.Status.CreateSentAt.Time) < visibleTime
	opts := []paperspace.WaitOption{paperspace.WithWaitTimeout(stepTime)}
	if !isNew {
		opts = append(opts, paperspace.WithNotFoundGrace(0))
	}
	machine, err := r.Paperspace.Machines.Get(ctx, m.Status.ID)
	if err == nil {
		m.observe(machine)
		if machine.MachineType != m.Spec.MachineType {
			err = r.changeType(ctx, m, opts)
		}
	}
	if err == nil {
		machine, err = r.Paperspace.Machines.EnsureState(ctx, m.Status.ID, m.wantedState(), opts...)
		m.observe(machine)
	}
	if errors.Is(err, paperspace.ErrNotFound) {
		if !isNew {
			m.Status = MachineStatus{Conditions: m.Status.Conditions}
		}
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	return err
}

// changeType turns the machine off and changes its type.
func (r *Reconciler) changeType(ctx context.Context, m *Machine, opts []paperspace.WaitOption) error {
	off, err := r.Paperspace.Machines.EnsureOff(ctx, m.Status.ID, opts...) // which waits for an earlier change
	if err != nil || off.MachineType == m.Spec.MachineType {
		return err
	}
	op, err := r.Paperspace.Machines.Update(ctx, m.Status.ID, paperspace.MachineUpdateParams{MachineType: &m.Spec.MachineType})
	if err != nil {
		return err
	}
	_, err = op.Wait(ctx, opts...)
	return err
}

// machineName returns the name of the Paperspace machine. No other resource has the same, not even a later one that has
// the name of this one.
func (m *Machine) machineName() string {
	return fmt.Sprintf("%s-%s-%s", m.Namespace, m.Name, m.UID)
}

func (m *Machine) wantedState() paperspace.MachineState {
	if m.Spec.Off {
		return paperspace.MachineStateOff
	}
	return paperspace.MachineStateReady
}

// observe records the machine in the status. It may be nil.
func (m *Machine) observe(machine *paperspace.Machine) {
	if machine != nil {
		m.Status.State, m.Status.PublicIP = machine.State, machine.PublicIP
	}
}

// setReady sets the condition Ready after a step. The message has no times, so that the status does not change with each
// step.
func (m *Machine) setReady(err error) {
	ready := metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, ObservedGeneration: m.Generation}
	_, eventFailed := errors.AsType[*paperspace.EventError](err)
	switch {
	case err == nil:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionTrue, "Ready", "the machine is "+string(m.Status.State)
	case errors.Is(err, paperspace.ErrOutcomeUnknown):
		ready.Reason, ready.Message = "OutcomeUnknown", "the response to the create was lost: the machine is searched for"
	case errors.Is(err, errAgain), errors.Is(err, paperspace.ErrWaitTimeout):
		ready.Reason, ready.Message = "InProgress", "the machine is not ready yet"
	case eventFailed:
		ready.Reason, ready.Message = "OperationFailed", err.Error()
	default:
		ready.Reason, ready.Message = "RequestFailed", err.Error()
	}
	meta.SetStatusCondition(&m.Status.Conditions, ready)
}
