package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paperspace-go/paperspace"
)

var groupVersion = schema.GroupVersion{Group: "paperspace.example.com", Version: "v1alpha1"}

// addToScheme registers the types with a scheme.
func addToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(groupVersion, &Machine{}, &MachineList{})
	metav1.AddToGroupVersion(s, groupVersion)
	return nil
}

// Machine is a Paperspace machine, as a custom resource.
type Machine struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   MachineSpec   `json:"spec"`
	Status MachineStatus `json:"status,omitempty"`
}

// MachineSpec is the desired machine. Only MachineType and Off can change; see crd.yaml.
type MachineSpec struct {
	// MachineType is the type, such as "A4000".
	MachineType string `json:"machineType"`
	// TemplateID is the ID of an OS template or a custom template.
	TemplateID string `json:"templateID"`
	// DiskSize is the size of the disk in GB.
	DiskSize int `json:"diskSize"`
	// Region is ny2, ca1 or ams1.
	Region paperspace.Region `json:"region"`
	// Off turns the machine off, so that only its storage costs money.
	Off bool `json:"off,omitempty"`
}

// MachineStatus is the observed machine.
type MachineStatus struct {
	// ID is the machine's ID; empty until it is known.
	ID string `json:"id,omitempty"`
	// CreateSentAt is when the create was sent; stored before it is sent, so that a crash cannot hide a machine.
	CreateSentAt *metav1.Time `json:"createSentAt,omitempty"`
	// State is the machine's state when it was last seen.
	State paperspace.MachineState `json:"state,omitempty"`
	// PublicIP is the public address; empty if there is none.
	PublicIP string `json:"publicIP,omitempty"`
	// Conditions has one condition, Ready: the machine is as the spec wants it.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MachineList is a list of machines.
type MachineList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Machine `json:"items"`
}

// DeepCopy returns a copy. Larger APIs generate these methods with controller-gen.
func (m *Machine) DeepCopy() *Machine {
	out := *m
	m.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.CreateSentAt = m.Status.CreateSentAt.DeepCopy()
	out.Status.Conditions = nil
	for _, c := range m.Status.Conditions {
		out.Status.Conditions = append(out.Status.Conditions, *c.DeepCopy())
	}
	return &out
}

// DeepCopyObject implements [runtime.Object].
func (m *Machine) DeepCopyObject() runtime.Object { return m.DeepCopy() }

// DeepCopyObject implements [runtime.Object].
func (l *MachineList) DeepCopyObject() runtime.Object {
	out := &MachineList{TypeMeta: l.TypeMeta}
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopy())
	}
	return out
}
