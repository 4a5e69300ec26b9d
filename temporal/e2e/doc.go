// Package e2e runs the Temporal module against a real Temporal server, in-process and on SQLite, and an in-memory
// Paperspace on a loopback socket. It is a module of its own, so that nobody else gets the server's dependencies.
//
// The tests run without the race detector, which slows the server down until they time out; the tests of the Temporal
// module itself run with it.
package e2e
