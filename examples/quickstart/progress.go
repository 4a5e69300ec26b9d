package main

import (
	"cmp"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/paperspace-go/paperspace"
)

// progress shows the state of a machine and the elapsed time: on a terminal in one line that changes, elsewhere in a line
// for each state. It uses no colors.
type progress struct {
	name  string
	start time.Time
	live  bool // whether the output is a terminal

	mu    sync.Mutex
	state string // empty if the line is complete
}

func newProgress(name string) *progress {
	info, err := os.Stdout.Stat()
	isTerminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	p := &progress{name: name, start: time.Now(), live: isTerminal}
	if p.live {
		go func() { // until the program ends
			for range time.Tick(100 * time.Millisecond) {
				p.show("", "")
			}
		}()
	}
	return p
}

// update is for paperspace.WithOnChange.
func (p *progress) update(u paperspace.WaitUpdate) {
	switch {
	case u.Event != nil:
		p.show(fmt.Sprintf("%s: %s", u.Event.Name, u.Event.State), "")
	case u.Machine != nil && u.Machine.State != paperspace.MachineStateReady: // run shows that
		p.show(string(u.Machine.State), "")
	}
}

// show shows a state, or the same one again if it is empty. An end of "\n" completes the line.
func (p *progress) show(state, end string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	shown := p.state
	if p.state = cmp.Or(state, p.state); p.state == "" || p.state == shown && !p.live {
		return
	}
	line := fmt.Sprintf("%-20.20s %6.1fs  %.40s", p.name, time.Since(p.start).Seconds(), p.state)
	if !p.live {
		fmt.Println(line)
	} else if fmt.Print("\r\x1b[K", line, end); end != "" {
		p.state = ""
	}
}
