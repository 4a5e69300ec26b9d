// Package consumer uses package paperspace as other programs do. It is a module outside the SDK's path, so it can use
// only what is exported. Its tests do what such programs do: a change that breaks them breaks users.
package consumer
