package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/paperspace-go/paperspace/internal/contract"
)

// encode formats a contract so that diffs are easy to review: one line for each field, parameter and variant.
func encode(file *contract.File) ([]byte, error) {
	var compact bytes.Buffer
	enc := json.NewEncoder(&compact)
	enc.SetEscapeHTML(false) // patterns are full of <, > and &
	if err := enc.Encode(file); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	write(&out, bytes.TrimSpace(compact.Bytes()), "")
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func write(out *bytes.Buffer, value json.RawMessage, indent string) {
	deeper := indent + "  "
	switch {
	case !isMultiline(value):
		writeLine(out, value)
	case value[0] == '[':
		out.WriteByte('[')
		for i, element := range elements(value) {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString("\n" + deeper)
			write(out, element, deeper)
		}
		out.WriteString("\n" + indent + "]")
	default:
		out.WriteByte('{')
		wasMultiline := true
		for i, m := range members(value) {
			if i > 0 {
				out.WriteByte(',')
			}
			// Single-line members share a line.
			if multiline := isMultiline(m.value); multiline || wasMultiline {
				out.WriteString("\n" + deeper)
				wasMultiline = multiline
			} else {
				out.WriteByte(' ')
			}
			out.WriteString(m.name + ": ")
			write(out, m.value, deeper)
		}
		out.WriteString("\n" + indent + "}")
	}
}

func writeLine(out *bytes.Buffer, value json.RawMessage) {
	var parts []string
	part := func(prefix string, value json.RawMessage) {
		var b bytes.Buffer
		b.WriteString(prefix)
		writeLine(&b, value)
		parts = append(parts, b.String())
	}
	switch value[0] {
	case '[':
		for _, element := range elements(value) {
			part("", element)
		}
		out.WriteString("[" + strings.Join(parts, ", ") + "]")
	case '{':
		for _, m := range members(value) {
			part(m.name+": ", m.value)
		}
		out.WriteString("{" + strings.Join(parts, ", ") + "}")
	default:
		out.Write(value)
	}
}

// isMultiline reports whether a value contains a list of objects, so that write puts it on several lines.
func isMultiline(value json.RawMessage) bool {
	switch value[0] {
	case '[':
		return slices.ContainsFunc(elements(value), func(e json.RawMessage) bool { return e[0] == '{' })
	case '{':
		return slices.ContainsFunc(members(value), func(m jsonMember) bool { return isMultiline(m.value) })
	}
	return false
}

type jsonMember struct {
	name  string // quoted
	value json.RawMessage
}

func elements(array json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	must(json.Unmarshal(array, &all))
	return all
}

func members(object json.RawMessage) []jsonMember {
	dec := json.NewDecoder(bytes.NewReader(object))
	_, err := dec.Token() // {
	must(err)
	var all []jsonMember
	for dec.More() {
		name, err := dec.Token()
		must(err)
		quoted, err := json.Marshal(name)
		must(err)
		m := jsonMember{name: string(quoted)}
		must(dec.Decode(&m.value))
		all = append(all, m)
	}
	return all
}

// must panics on an error in JSON that this program wrote itself.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
