package paperspace

import (
	"reflect"
	"time"
)

// clone returns a deep copy. Waits return copies, which their callers may change.
func clone[T any](v *T) *T { return copyOf(v, false) }

// equal reports whether two values are deeply equal, without regard to the offsets of times.
func equal[T any](a, b *T) bool { return reflect.DeepEqual(copyOf(a, true), copyOf(b, true)) }

func copyOf[T any](v *T, utc bool) *T {
	if v == nil {
		return nil
	}
	out := *v
	unshare(reflect.ValueOf(&out).Elem(), utc)
	return &out
}

// unshare replaces what a value points to by copies. The types of unexported fields are immutable.
func unshare(v reflect.Value, utc bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			to := reflect.New(v.Type().Elem())
			to.Elem().Set(v.Elem())
			unshare(to.Elem(), utc)
			v.Set(to)
		}
	case reflect.Interface: // JSON of any type
		if !v.IsNil() {
			to := reflect.New(v.Elem().Type()).Elem()
			to.Set(v.Elem())
			unshare(to, utc)
			v.Set(to)
		}
	case reflect.Slice:
		if !v.IsNil() {
			to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(to, v)
			for i := range to.Len() {
				unshare(to.Index(i), utc)
			}
			v.Set(to)
		}
	case reflect.Map:
		if !v.IsNil() {
			to := reflect.MakeMapWithSize(v.Type(), v.Len())
			for name, value := range v.Seq2() {
				item := reflect.New(value.Type()).Elem()
				item.Set(value)
				unshare(item, utc)
				to.SetMapIndex(name, item)
			}
			v.Set(to)
		}
	case reflect.Struct:
		if t, ok := reflect.TypeAssert[time.Time](v); ok {
			if utc {
				v.Set(reflect.ValueOf(t.UTC()))
			}
			return
		}
		for i := range v.NumField() {
			if field := v.Field(i); field.CanSet() {
				unshare(field, utc)
			}
		}
	}
}
