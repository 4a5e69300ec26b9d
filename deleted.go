package paperspace

// Deleted is the response to a deletion that returns only the ID.
type Deleted struct {
	// ID is the ID of the deleted object.
	ID string `json:"id"`
}
