package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paperspace-go/paperspace"
)

// printed returns what a progress prints: on a terminal or elsewhere.
func printed(t *testing.T, live bool) string {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	defer func() { os.Stdout = stdout }()
	p := &progress{name: "quickstart-with-a-long-name", start: time.Now(), live: live}
	p.update(paperspace.WaitUpdate{Event: &paperspace.MachineEvent{Name: "create", State: "new"}})
	p.show("", "") // as the ticker does
	p.update(paperspace.WaitUpdate{Machine: &paperspace.Machine{State: "starting"}})
	p.update(paperspace.WaitUpdate{Machine: &paperspace.Machine{State: "starting", PublicIP: "192.0.2.1"}})
	p.update(paperspace.WaitUpdate{Machine: &paperspace.Machine{State: "ready", PublicIP: "192.0.2.1"}})
	p.show("ready at 192.0.2.1", "\n")
	p.show("", "")
	p.show(strings.Repeat("x", 200), "\n")
	write.Close()
	output, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

func TestProgressOnATerminal(t *testing.T) {
	output := printed(t, true)
	lines := strings.Split(output, "\n")
	if len(lines) != 3 || lines[2] != "" {
		t.Fatalf("%d lines, not a line until it is ready and one after: %q", len(lines)-1, output)
	}
	states := strings.Split(lines[0], "\r\x1b[K")
	if len(states) != 6 || states[0] != "" || !strings.HasSuffix(states[5], "ready at 192.0.2.1") {
		t.Errorf("%q", states)
	}
	for _, state := range append(states, strings.TrimPrefix(lines[1], "\r\x1b[K")) {
		if len(state) > 80 {
			t.Errorf("more than 80 columns: %q", state)
		}
	}
}

func TestProgressInAPipe(t *testing.T) {
	output := printed(t, false)
	if strings.ContainsAny(output, "\r\x1b") || strings.Count(output, "\n") != 4 {
		t.Errorf("not a line for each of 4 states: %q", output)
	}
	for _, text := range []string{"create: new\n", "starting\n", "ready at 192.0.2.1\n"} {
		if strings.Count(output, text) != 1 {
			t.Errorf("not one %q in %q", text, output)
		}
	}
}
