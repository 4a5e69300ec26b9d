package compare

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program that only lists machines contains nothing of deployments: a reference from what all calls share would add
// their configurations to every program.
func TestProgramContainsOnlyWhatItUses(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if output, err := exec.Command("go", "build", "-o", program, programs+"sdk").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	output, err := exec.Command("go", "tool", "nm", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	symbols := string(output)
	if !strings.Contains(symbols, "paperspace.call[") {
		t.Fatal("the program calls no endpoint")
	}
	for line := range strings.Lines(symbols) {
		if strings.Contains(line, "DeploymentConfig") {
			t.Errorf("the program contains %s", line)
		}
	}
}
