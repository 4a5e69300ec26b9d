package paperspace

// Deleted is the answer to a delete that tells no more than what was deleted.
type Deleted struct {
	// ID is the id of what was deleted.
	ID string `json:"id"`
}
