// Package configfile reads deployment configurations from YAML, JSON, and JSON with comments.
package configfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"github.com/paperspace-go/paperspace"
)

// ParseDeploymentConfig decodes a deployment configuration of any version from YAML, from JSON, or from JSON with
// comments and trailing commas.
//
// No value changes: a string has the text of the file, so that an environment variable with value: 1.10 is "1.10". A
// value of the wrong type is a [*paperspace.ParamError] that names the member, such as config.resources.replicas. See
// [paperspace.DeploymentConfig] for the rules. YAML must have a single document that is not empty.
func ParseDeploymentConfig(data []byte) (paperspace.DeploymentConfig, error) {
	var config paperspace.DeploymentConfig
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if text := plainJSON(data); json.Valid(text) {
		if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
			return config, errEmpty
		}
		err := config.UnmarshalJSON(text)
		return config, err
	}
	document, err := parseYAML(data)
	if err != nil {
		return config, err
	}
	err = document.Decode(&config)
	return config, err
}

var errEmpty = errors.New("configfile: there is no configuration in the file")

// parseYAML returns the only document that is not empty.
func parseYAML(data []byte) (only *yaml.Node, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		switch err := dec.Decode(&document); {
		case errors.Is(err, io.EOF) && only == nil:
			return nil, errEmpty
		case errors.Is(err, io.EOF):
			return only, nil
		case err != nil:
			if text := plainJSON(data); bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) { // probably JSON
				err = json.Unmarshal(text, new(any))
			}
			return nil, fmt.Errorf("configfile: %w", err)
		case document.Content[0].ShortTag() == "!!null":
		case only != nil:
			return nil, fmt.Errorf("configfile: a second YAML document begins at line %d", document.Line)
		default:
			only = document.Content[0]
		}
	}
}

// plainJSON returns JSON without its comments and trailing commas. Spaces take their place, so that what comes after
// them keeps its offset.
func plainJSON(data []byte) []byte {
	text := bytes.Clone(data)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
	}
	comma, previous := -1, byte('[') // a comma that may be trailing; the last significant byte
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch c := rest[0]; {
		case bytes.HasPrefix(rest, []byte("//")):
			line, _, _ := bytes.Cut(rest, []byte("\n"))
			blank(i, i+len(line))
			i += len(line) - 1
		case bytes.HasPrefix(rest, []byte("/*")):
			comment, _, closed := bytes.Cut(rest[2:], []byte("*/"))
			if !closed {
				return text // still not JSON
			}
			blank(i, i+len(comment)+4)
			i += len(comment) + 3
		case c == ' ', c == '\t', c == '\r', c == '\n':
		case c == ',' && previous != '[' && previous != '{' && previous != ',':
			comma, previous = i, c
		default:
			if comma >= 0 && (c == ']' || c == '}') {
				blank(comma, comma+1)
			}
			if c == '"' {
				i += stringLength(rest) - 1
			}
			comma, previous = -1, c
		}
	}
	return text
}

// stringLength returns the length of the JSON string that text begins with.
func stringLength(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
