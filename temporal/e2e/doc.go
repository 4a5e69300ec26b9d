// Package e2e runs the Temporal module against a real Temporal server, in-process and on SQLite, and an in-memory
// Paperspace on a loopback socket. It is a module of its own, so that nobody else gets the server's dependencies.
//
// The tests take about two minutes. The race detector slows the server down so much that they do not fit into their time:
// what of the Temporal module races is for the tests of the module itself to find.
package e2e
