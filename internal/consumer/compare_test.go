package consumer

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paperspace-go/paperspace"
)

// go-cmp compares every type of the API without options: it finds no difference between equal values, and finds one
// between different values. It panics for a type with fields that are not exported, unless the type has an Equal method.
func TestGoCmpComparesEveryType(t *testing.T) {
	types := apiTypes(t)
	require.Greater(t, len(types), 150)
	for typ := range types {
		t.Run(typ.String(), func(t *testing.T) {
			a, b, zero := filled(typ), filled(typ), reflect.Zero(typ).Interface()
			assert.Empty(t, cmp.Diff(a, b))
			if typ.Kind() != reflect.Struct || typ.NumField() > 0 {
				assert.NotEmpty(t, cmp.Diff(a, zero))
			}
		})
	}
}

// apiTypes are the types of the params and results of all methods of all services.
func apiTypes(t *testing.T) map[reflect.Type]bool {
	t.Helper()
	client, err := paperspace.NewClient()
	require.NoError(t, err)
	types := map[reflect.Type]bool{}
	for field, service := range reflect.ValueOf(client).Elem().Fields() {
		if !field.IsExported() || !strings.HasSuffix(field.Type.String(), "Service") {
			continue
		}
		for method := range service.Methods() {
			for in := range method.Type.Ins() {
				addTypes(types, in)
			}
			for out := range method.Type.Outs() {
				addTypes(types, out)
			}
		}
	}
	return types
}

// addTypes adds the type that a param or result is made of, and those of its fields.
func addTypes(types map[reflect.Type]bool, typ reflect.Type) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		addTypes(types, typ.Elem())
	case reflect.Func: // an iterator, or its yield
		for in := range typ.Ins() {
			addTypes(types, in)
		}
	default:
		if typ.PkgPath() != reflect.TypeFor[paperspace.Machine]().PkgPath() || typ.Kind() == reflect.Interface || types[typ] ||
			strings.HasSuffix(typ.Name(), "Service") { // a receiver
			return
		}
		types[typ] = true
		if typ.Kind() == reflect.Struct {
			for field := range typ.Fields() {
				if field.IsExported() {
					addTypes(types, field.Type)
				}
			}
		}
	}
}

// filled returns a value in which every exported field is set.
func filled(typ reflect.Type) any {
	v := reflect.New(typ).Elem()
	fill(v, 0)
	return v.Interface()
}

func fill(v reflect.Value, depth int) {
	const deepest = 8 // types may contain themselves
	if depth > deepest {
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
		return
	}
	if set := v.Addr().MethodByName("UnmarshalJSON"); set.IsValid() && strings.HasPrefix(v.Type().Name(), "Nullable[") {
		// The first of these that it can hold.
		for _, value := range []string{`"x"`, `1`, `true`, `{}`} {
			if set.Call([]reflect.Value{reflect.ValueOf([]byte(value))})[0].IsNil() {
				return
			}
		}
		panic(fmt.Sprint("no value for a ", v.Type()))
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth+1)
		fill(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				fill(value, depth+1)
			}
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf("x"))
		}
	default:
		panic(fmt.Sprint("no value for a ", v.Type()))
	}
}
