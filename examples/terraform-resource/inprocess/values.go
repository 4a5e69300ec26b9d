package inprocess

import (
	"fmt"
	"maps"
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// pack encodes Go values (strings, numbers, bools and maps) as an object of the given type.
func pack(object tftypes.Type, config map[string]any) (*tfprotov6.DynamicValue, error) {
	value, err := toValue(object, config)
	if err != nil {
		return nil, err
	}
	packed, err := tfprotov6.NewDynamicValue(object, value)
	return &packed, err
}

func toValue(typ tftypes.Type, v any) (tftypes.Value, error) {
	object, ok := typ.(tftypes.Object)
	m, isMap := v.(map[string]any)
	if !ok || !isMap {
		if err := tftypes.ValidateValue(typ, v); err != nil {
			return tftypes.Value{}, err
		}
		return tftypes.NewValue(typ, v), nil
	}
	values := map[string]tftypes.Value{}
	for name, attribute := range object.AttributeTypes {
		value, err := toValue(attribute, m[name])
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = value
	}
	for name := range m {
		if _, ok := values[name]; !ok {
			return tftypes.Value{}, fmt.Errorf("unsupported argument %s", name)
		}
	}
	return tftypes.NewValue(typ, values), nil
}

// unpack decodes an object into a map, and a number into a float64. A null attribute is left out.
func unpack(value tftypes.Value) any {
	var m map[string]tftypes.Value
	var s string
	var b bool
	var number big.Float
	switch {
	case value.IsNull() || !value.IsKnown():
		return nil
	case value.As(&m) == nil:
		out := map[string]any{}
		for name, v := range m {
			if decoded := unpack(v); decoded != nil {
				out[name] = decoded
			}
		}
		return out
	case value.As(&s) == nil:
		return s
	case value.As(&b) == nil:
		return b
	case value.As(&number) == nil:
		f, _ := number.Float64()
		return f
	}
	panic(fmt.Sprintf("inprocess: no Go value for %v", value))
}

// attributes returns a copy of the attributes of an object; none if it is null.
func attributes(object tftypes.Value) (map[string]tftypes.Value, error) {
	m := map[string]tftypes.Value{}
	if object.IsNull() {
		return m, nil
	}
	err := object.As(&m)
	return maps.Clone(m), err
}
