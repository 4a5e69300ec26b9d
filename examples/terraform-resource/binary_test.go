package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
)

// terraformBinary returns the path of a terraform or tofu program, or "" if there is none.
func terraformBinary(t *testing.T) string {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// binary runs Terraform in a directory of its own, with the provider in this process.
type binary struct {
	program, dir string
	env          []string
}

func newBinary(t *testing.T, program string, options ...paperspace.Option) *binary {
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan *plugin.ReattachConfig)
	closed := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		failed <- tf6server.Serve(address, providerserver.NewProtocol6(newProvider(options...)),
			tf6server.WithDebug(ctx, served, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(t))
	}()
	t.Cleanup(func() {
		cancel()
		<-closed
	})
	var reattach []byte
	select {
	case err := <-failed:
		require.NoError(t, err)
	case c := <-served:
		type addr struct{ Network, String string }
		type provider struct {
			Protocol        string
			ProtocolVersion int
			Pid             int
			Test            bool
			Addr            addr
		}
		var err error
		reattach, err = json.Marshal(map[string]provider{
			"paperspace-go/paperspace": {string(c.Protocol), 6, c.Pid, true, addr{c.Addr.Network(), c.Addr.String()}},
		})
		require.NoError(t, err)
	}
	b := &binary{program: program, dir: t.TempDir()}
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_") })
	b.env = append(own, "TF_REATTACH_PROVIDERS="+string(reattach), "TF_CLI_CONFIG_FILE="+os.DevNull,
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	require.NoError(t, b.configure(nil))
	_, err := b.run(t.Context(), "init", "-input=false", "-no-color")
	require.NoError(t, err)
	return b
}

// configure writes the configuration of the resource paperspace_machine.test.
func (b *binary) configure(config map[string]any) error {
	file := map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"paperspace": map[string]any{"source": "paperspace-go/paperspace"}}},
	}
	if config != nil {
		file["resource"] = map[string]any{"paperspace_machine": map[string]any{"test": config}}
	}
	content, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, "main.tf.json"), content, 0o600)
}

// run runs a command. The end of the context interrupts it, as Ctrl-C does.
func (b *binary) run(ctx context.Context, args ...string) (stdout []byte, err error) {
	cmd := exec.CommandContext(ctx, b.program, args...)
	cmd.Dir, cmd.Env = b.dir, b.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var errors bytes.Buffer
	cmd.Stderr = &errors
	if stdout, err = cmd.Output(); err != nil {
		err = fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(b.program), args[0], err, stdout, errors.String())
	}
	return stdout, err
}

func (b *binary) Plan(ctx context.Context, config map[string]any) (string, error) {
	if err := b.configure(config); err != nil {
		return "", err
	}
	out, err := b.run(ctx, "plan", "-input=false", "-json")
	if err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var message struct {
			Type   string
			Change struct{ Action string }
		}
		if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
			return "", err
		}
		if message.Type == "planned_change" {
			return message.Change.Action, nil
		}
	}
	return "no-op", nil
}

func (b *binary) Apply(ctx context.Context, config map[string]any) error {
	if err := b.configure(config); err != nil {
		return err
	}
	_, err := b.run(ctx, "apply", "-auto-approve", "-input=false", "-no-color")
	return err
}

func (b *binary) Import(ctx context.Context, config map[string]any, id string) error {
	if err := b.configure(config); err != nil {
		return err
	}
	_, err := b.run(ctx, "import", "-input=false", "-no-color", "paperspace_machine.test", id)
	return err
}

func (b *binary) Untaint(ctx context.Context) error {
	_, err := b.run(ctx, "untaint", "-no-color", "paperspace_machine.test")
	return err
}

func (b *binary) Destroy(ctx context.Context) error {
	_, err := b.run(ctx, "destroy", "-auto-approve", "-input=false", "-no-color")
	return err
}

func (b *binary) State() (map[string]any, error) {
	content, err := os.ReadFile(filepath.Join(b.dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var state struct {
		Resources []struct {
			Instances []struct{ Attributes map[string]any }
		}
	}
	if err := json.Unmarshal(content, &state); err != nil || len(state.Resources) == 0 {
		return nil, err
	}
	attributes := state.Resources[0].Instances[0].Attributes
	for name, value := range attributes {
		if value == nil {
			delete(attributes, name)
		}
	}
	return attributes, nil
}
