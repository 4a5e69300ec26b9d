package main

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/paperspace-go/paperspace"
)

// pending is what an apply began and did not see the end of. It is in the private state of the resource, so that the next
// apply waits for the same operation.
type pending struct {
	// Operation is nil if it has ended, or if the response to the create was lost: then only the state is pending.
	Operation *paperspace.Operation[paperspace.Machine] `json:"operation,omitempty"`
	// DiskSize is the size of the disk after the operation; 0 if it does not change.
	DiskSize int64 `json:"disk_size,omitempty"`
}

const pendingKey = "pending"

// privateState is the private state in a request or a response.
type privateState interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
	SetKey(context.Context, string, []byte) diag.Diagnostics
}

// loadPending returns the pending operation, or nil if there is none.
func loadPending(ctx context.Context, private privateState) (*pending, diag.Diagnostics) {
	stored, diags := private.GetKey(ctx, pendingKey)
	if stored == nil {
		return nil, diags
	}
	var p pending
	if err := json.Unmarshal(stored, &p); err != nil {
		diags.AddError("The private state is invalid", err.Error())
	}
	return &p, diags
}

// save stores the pending operation, or removes the stored one if p is nil.
func (p *pending) save(ctx context.Context, private privateState) diag.Diagnostics {
	if p == nil {
		return private.SetKey(ctx, pendingKey, nil)
	}
	stored, err := json.Marshal(p)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("The pending operation cannot be stored", err.Error())}
	}
	return private.SetKey(ctx, pendingKey, stored)
}
