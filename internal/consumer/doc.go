// Package consumer uses package paperspace as a program elsewhere does: a module whose path has nothing in common with
// the SDK's, so that the compiler keeps it to what is exported. Its tests are the habits of such programs, and what
// breaks them breaks users.
package consumer
