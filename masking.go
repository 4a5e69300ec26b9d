package paperspace

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// secretMembers are parts of the names of JSON members that hold secrets, in lower case. They cover every member that
// this package declares as [Sensitive].
var secretMembers = []string{"authkey", "accesskey", "apikey", "credential", "password", "script", "secret", "token", "username", "value"}

// maskBody masks the secrets in a body before it is logged: the members that hold secrets, and any text that repeats a
// secret of the request. It replaces invalid JSON, such as a truncated body, as a whole.
func maskBody(body, request []byte) []byte {
	masked := body
	var out bytes.Buffer
	enc := jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	err := eachToken(body, func(token jsontext.Token, secret bool) {
		if secret {
			token = jsontext.String(mask)
		}
		_ = enc.WriteToken(token)
	})
	switch text := bytes.TrimSpace(body); {
	case err == io.EOF:
		masked = bytes.TrimSpace(out.Bytes())
	case text[0] == '{' || text[0] == '[':
		masked = []byte("[invalid JSON]")
	}
	_ = eachToken(request, func(token jsontext.Token, secret bool) {
		const tooCommon = 4
		if secret && len(token.String()) >= tooCommon {
			quoted, _ := jsontext.AppendQuote(nil, token.String())
			masked = bytes.ReplaceAll(masked, quoted[1:len(quoted)-1], []byte(mask))
			masked = bytes.ReplaceAll(masked, []byte(token.String()), []byte(mask))
		}
	})
	return masked
}

// eachToken calls f for each token of a JSON text. secret is whether it is a string in a member that holds a secret. It
// returns io.EOF at the end, and any other error for invalid JSON.
func eachToken(text []byte, f func(token jsontext.Token, secret bool)) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		in, n := dec.StackIndex(dec.StackDepth())
		isName := in == '{' && n%2 == 1
		f(token, token.Kind() == '"' && !isName && slices.ContainsFunc(strings.Split(string(dec.StackPointer()), "/"), isSecretMember))
	}
}

func isSecretMember(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretMembers, func(part string) bool { return strings.Contains(name, part) })
}
