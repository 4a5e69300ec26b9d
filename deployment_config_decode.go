package paperspace

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// UnmarshalJSON decodes a configuration of any version. It is strict, since the configuration may come from a file: it
// converts no value, and fails with a [*ParamError] that names the member if a value has the wrong type.
func (c *DeploymentConfig) UnmarshalJSON(data []byte) error {
	err := c.decode(data, fileOptions())
	if err == nil {
		err = addsNothing(data, c)
	}
	if err != nil {
		*c = DeploymentConfig{}
	}
	return configError(err)
}

// fromResponse decodes a configuration that the service returned. A configuration that does not fit its version is kept
// in Raw, so that neither it nor the rest of the response is lost.
func (c *DeploymentConfig) fromResponse(data []byte, decode func(any) bool) bool {
	var members configObject
	_ = json.Unmarshal(data, &members, decodeOptions)
	version, _ := members.version()
	region, fits := regionAsWritten(decode), false
	switch version {
	case versionV1, versionLatest:
		var v *plainConfigV1
		fits = decodeForm[apiVersion](decode, &v)
		v.Region = region
		c.V1, c.latest = (*DeploymentConfigV1)(v), version == versionLatest
	case versionV0Alpha1:
		var v *plainConfigV1
		fits = decodeForm[apiVersion](decode, &v)
		v.Region = region
		c.V0Alpha1 = (*DeploymentConfigV0Alpha1)(v)
	case versionV0Alpha0:
		var v *plainConfigV0Alpha0
		fits = decodeForm[apiVersion](decode, &v)
		v.Region = region
		c.V0Alpha0 = (*DeploymentConfigV0Alpha0)(v)
	default:
		decode(&members) // is odd if it is no object
	}
	if !fits {
		*c = DeploymentConfig{}
		_ = c.Raw.UnmarshalJSON(data)
	}
	return true
}

// decodeForm is decodeVariant in a response.
func decodeForm[K, T any](decode func(any) bool, value **T) bool {
	var v variant[K, T]
	fits := decode(&v)
	*value = &v.Value
	return fits
}

// regionAsWritten decodes the region of a configuration without the normalization of UnmarshalText: it may also be a
// region of S3 or of a cluster.
func regionAsWritten(decode func(any) bool) *Region {
	var written struct {
		Region *string `json:"region"`
	}
	decode(&written)
	return (*Region)(written.Region)
}

func (c *DeploymentConfig) decode(data []byte, opts json.Options) error {
	*c = DeploymentConfig{}
	var members configObject
	if err := json.Unmarshal(data, &members, opts); err != nil || members == nil {
		return err
	}
	version, reason := members.version()
	if reason != "" {
		return &json.SemanticError{JSONPointer: "/apiVersion", Err: errors.New(reason)}
	}
	if _, ok := members["$schema"]; ok {
		delete(members, "$schema")
		var err error
		if data, err = json.Marshal(members, maskedOptions); err != nil {
			return err
		}
	}
	switch version {
	case versionV1, versionLatest:
		c.latest = version == versionLatest
		var v *plainConfigV1
		err := decodeVariant[apiVersion](data, &v, opts)
		c.V1 = (*DeploymentConfigV1)(v)
		return err
	case versionV0Alpha1:
		var v *plainConfigV1
		err := decodeVariant[apiVersion](data, &v, opts)
		c.V0Alpha1 = (*DeploymentConfigV0Alpha1)(v)
		return err
	case versionV0Alpha0:
		var v *plainConfigV0Alpha0
		err := decodeVariant[apiVersion](data, &v, opts)
		c.V0Alpha0 = (*DeploymentConfigV0Alpha0)(v)
		return err
	}
	return c.Raw.UnmarshalJSON(data)
}

// configObject holds the members of a configuration.
type configObject map[string]jsontext.Value

// The members that only one shape of configuration has.
var (
	shapeOfV1       = []string{"resources.machineType", "resources.ports", "healthchecks", "integrations", "basicAuthKey"}
	shapeOfV0Alpha0 = []string{"resources.instanceType", "port", "models", "repositories"}
)

// version returns the apiVersion, or the reason why it is not valid: it is missing, or it is "latest" in the shape of
// v0alpha0.
func (m configObject) version() (version, reason string) {
	given := m["apiVersion"]
	if !hasNoValue(given) {
		if json.Unmarshal(given, &version) != nil {
			return "", "must be a string, not " + kindNoun(given.Kind())
		}
		if version != versionLatest {
			return version, ""
		}
	}
	v1, v0Alpha0 := m.have(shapeOfV1), m.have(shapeOfV0Alpha0)
	is := `is required`
	if version == versionLatest {
		if v0Alpha0 == "" || v1 != "" {
			return version, ""
		}
		is = `is "latest", which means v1 today`
	}
	switch {
	case v0Alpha0 != "" && v1 == "":
		return "", fmt.Sprintf("%s, and the shape is that of v0alpha0 (it has %s): write %q", is, v0Alpha0, versionV0Alpha0)
	case v1 != "" && v0Alpha0 == "":
		return "", fmt.Sprintf("%s, and the shape is that of v1 (it has %s): write %q", is, v1, versionV1)
	}
	return "", is + `: write "v1" for a configuration with resources.machineType, "v0alpha0" for one with resources.instanceType`
}

// have returns the paths that exist, as text.
func (m configObject) have(paths []string) string {
	var resources, found = configObject{}, []string(nil)
	_ = json.Unmarshal(m["resources"], &resources, decodeOptions)
	for _, path := range paths {
		name, nested := strings.CutPrefix(path, "resources.")
		members := m
		if nested {
			members = resources
		}
		if _, ok := members[name]; ok {
			found = append(found, path)
		}
	}
	return strings.Join(found, " and ")
}

// UnmarshalJSON decodes a configuration of version v1.
func (c *DeploymentConfigV1) UnmarshalJSON(data []byte) error {
	config, err := decodeVersion(data, versionV1)
	if err == nil && config.V1 != nil {
		*c = *config.V1
	}
	return err
}

// UnmarshalJSON decodes a configuration of version v0alpha1.
func (c *DeploymentConfigV0Alpha1) UnmarshalJSON(data []byte) error {
	config, err := decodeVersion(data, versionV0Alpha1)
	if err == nil && config.V0Alpha1 != nil {
		*c = *config.V0Alpha1
	}
	return err
}

// UnmarshalJSON decodes a configuration of version v0alpha0.
func (c *DeploymentConfigV0Alpha0) UnmarshalJSON(data []byte) error {
	config, err := decodeVersion(data, versionV0Alpha0)
	if err == nil && config.V0Alpha0 != nil {
		*c = *config.V0Alpha0
	}
	return err
}

// decodeVersion decodes a configuration that must be of the version, or name none.
func decodeVersion(data []byte, want string) (c DeploymentConfig, err error) {
	var members configObject
	if err := json.Unmarshal(data, &members, fileOptions()); err != nil || members == nil {
		return c, configError(err)
	}
	if _, ok := members["apiVersion"]; !ok {
		members["apiVersion"] = jsontext.Value(strconv.Quote(want))
		if data, err = json.Marshal(members, maskedOptions); err != nil {
			return c, configError(err)
		}
	}
	if version, reason := members.version(); reason == "" && version != want {
		return c, &ParamError{Field: "config.apiVersion", Reason: fmt.Sprintf("must be %q: a DeploymentConfig takes any version", want)}
	}
	return c, c.UnmarshalJSON(data)
}

// MarshalJSON encodes the configuration with its apiVersion, and with secrets masked.
func (c DeploymentConfigV1) MarshalJSON() ([]byte, error) { return json.Marshal(c, maskedOptions) }

// MarshalJSON encodes the configuration with its apiVersion, and with secrets masked.
func (c DeploymentConfigV0Alpha1) MarshalJSON() ([]byte, error) {
	return json.Marshal(c, maskedOptions)
}

// MarshalJSON encodes the configuration with its apiVersion, and with secrets masked.
func (c DeploymentConfigV0Alpha0) MarshalJSON() ([]byte, error) {
	return json.Marshal(c, maskedOptions)
}

// MarshalJSONTo implements MarshalerTo of encoding/json/v2.
func (c DeploymentConfigV1) MarshalJSONTo(enc *jsontext.Encoder) error {
	return DeploymentConfig{V1: &c}.MarshalJSONTo(enc)
}

// MarshalJSONTo implements MarshalerTo of encoding/json/v2.
func (c DeploymentConfigV0Alpha1) MarshalJSONTo(enc *jsontext.Encoder) error {
	return DeploymentConfig{V0Alpha1: &c}.MarshalJSONTo(enc)
}

// MarshalJSONTo implements MarshalerTo of encoding/json/v2.
func (c DeploymentConfigV0Alpha0) MarshalJSONTo(enc *jsontext.Encoder) error {
	return DeploymentConfig{V0Alpha0: &c}.MarshalJSONTo(enc)
}

// UnmarshalJSON decodes either kind of check, strictly.
func (h *HealthCheck) UnmarshalJSON(data []byte) error {
	return configError(h.decode(data, fileOptions()))
}

func (h *HealthCheck) decode(data []byte, opts json.Options) error {
	*h = HealthCheck{}
	return json.Unmarshal(data, (*plainHealthCheck)(h), opts)
}

// UnmarshalJSON decodes an integration of any type, strictly.
func (i *Integration) UnmarshalJSON(data []byte) error {
	return configError(i.decode(data, fileOptions()))
}

func (i *Integration) decode(data []byte, opts json.Options) error {
	*i = Integration{}
	if hasNoValue(data) {
		return &json.SemanticError{Err: errors.New("must not be null")}
	}
	var t integrationType
	if err := json.Unmarshal(data, &t, opts); err != nil {
		return err
	}
	switch t.Type {
	case integrationModel:
		return decodeVariant[integrationType](data, &i.Model, opts)
	case integrationS3:
		return decodeVariant[integrationType](data, &i.S3, opts)
	case integrationSpaces:
		return decodeVariant[integrationType](data, &i.Spaces, opts)
	case integrationVolume:
		return decodeVariant[integrationType](data, &i.Volume, opts)
	case integrationGitLFS:
		return decodeVariant[integrationType](data, &i.GitLFS, opts)
	}
	return i.Raw.UnmarshalJSON(data)
}

func (h *HealthCheck) fromResponse(_ []byte, decode func(any) bool) bool {
	return decode((*plainHealthCheck)(h))
}

// fromResponse decodes an integration that the service returned. One that does not fit its type is kept raw.
func (i *Integration) fromResponse(data []byte, decode func(any) bool) bool {
	var t integrationType
	if !decode(&t) {
		return false // no integration at all
	}
	fits := false
	switch t.Type {
	case integrationModel:
		fits = decodeForm[integrationType](decode, &i.Model)
	case integrationS3:
		region := regionAsWritten(decode)
		fits = decodeForm[integrationType](decode, &i.S3)
		i.S3.Region = region
	case integrationSpaces:
		fits = decodeForm[integrationType](decode, &i.Spaces)
	case integrationVolume:
		fits = decodeForm[integrationType](decode, &i.Volume)
	case integrationGitLFS:
		fits = decodeForm[integrationType](decode, &i.GitLFS)
	}
	if !fits {
		*i = Integration{}
		_ = i.Raw.UnmarshalJSON(data)
	}
	return true
}

// fileOptions returns the options for configurations in files, whose values must not change. The unions decode their
// members with the options of the decoder. As a variable, it would be linked into programs without configurations.
func fileOptions() json.Options {
	return json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, r *Region) error {
			return json.UnmarshalDecode(dec, (*string)(r)) // without the normalization of UnmarshalText
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, h *HealthCheck) error {
			return decodeWithin(dec, h.decode)
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, i *Integration) error {
			return decodeWithin(dec, i.decode)
		}),
	))
}

// decodeWithin decodes the next value, and makes the path of an error relative to the whole document.
func decodeWithin(dec *jsontext.Decoder, decode func([]byte, json.Options) error) error {
	data, err := dec.ReadValue()
	if err != nil {
		return err
	}
	err = decode(data, dec.Options())
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		e.JSONPointer = dec.StackPointer() + e.JSONPointer
	}
	return err
}

// addsNothing fails if the configuration has a value that the file lacks: a required member whose zero value is valid,
// such as an empty list of ports, or a zero in place of a null in a list.
func addsNothing(file []byte, c *DeploymentConfig) error {
	encoded, err := json.Marshal(c, maskedOptions)
	if err != nil {
		return err
	}
	if at, reason := added(file, encoded, configDepth); reason != "" {
		return &json.SemanticError{JSONPointer: at, Err: errors.New(reason)}
	}
	return nil
}

// configDepth is deeper than the known members of a configuration are nested.
const configDepth = 10

// added finds the first value in after that before does not have, and returns the reason to refuse it.
func added(before, after jsontext.Value, depth int) (at jsontext.Pointer, reason string) {
	if depth--; depth == 0 {
		return "", ""
	}
	switch after.Kind() {
	case '{':
		var had, has map[string]jsontext.Value
		_, _ = json.Unmarshal(before, &had, decodeOptions), json.Unmarshal(after, &has, decodeOptions)
		for _, name := range slices.Sorted(maps.Keys(has)) {
			at := jsontext.Pointer("").AppendToken(name)
			if hasNoValue(had[name]) && !hasNoValue(has[name]) {
				return at, "is required"
			}
			if within, reason := added(had[name], has[name], depth); reason != "" {
				return at + within, reason
			}
		}
	case '[':
		var had, has []jsontext.Value
		_, _ = json.Unmarshal(before, &had, decodeOptions), json.Unmarshal(after, &has, decodeOptions)
		for i := range min(len(had), len(has)) {
			at := jsontext.Pointer("").AppendToken(strconv.Itoa(i))
			if hasNoValue(had[i]) && !hasNoValue(has[i]) {
				return at, "must not be null"
			}
			if within, reason := added(had[i], has[i], depth); reason != "" {
				return at + within, reason
			}
		}
	}
	return "", ""
}

// hasNoValue reports whether a member is null or absent.
func hasNoValue(value jsontext.Value) bool { return len(value) == 0 || value.Kind() == 'n' }

// configError converts an error of the JSON package to a ParamError. The error does not contain the value, which may be
// a secret.
func configError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ParamError](err); ok {
		return err
	}
	reason := "is not JSON"
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		reason = typeError(e)
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(e, jsontext.ErrDuplicateName) {
			reason = "is set twice"
		} else {
			reason += ": " + syntaxError(e)
		}
	}
	return &ParamError{Field: memberPath("config", memberOf(err)), Reason: reason}
}

// typeError describes the type that a value has, and the one that it should have.
func typeError(e *json.SemanticError) string {
	if e.JSONKind == 0 || e.GoType == nil {
		return e.Err.Error()
	}
	t := e.GoType
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	wanted := "an object"
	switch t.Kind() {
	case reflect.String:
		if k := e.JSONKind; k == '0' || k == 't' || k == 'f' {
			return "must be a string, not " + kindNoun(k) + ": put it in quotes"
		}
		wanted = "a string"
	case reflect.Bool:
		wanted = "true or false"
	case reflect.Int:
		if e.JSONKind == '0' {
			return "must be a whole number, of a size that fits"
		}
		wanted = "a number"
	case reflect.Float64:
		wanted = "a number"
	case reflect.Slice:
		wanted = "a list"
	}
	return "must be " + wanted + ", not " + kindNoun(e.JSONKind)
}

func kindNoun(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case '[':
		return "a list"
	case '{':
		return "an object"
	}
	return "null"
}
