package paperspacetest

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// object holds the fields of an API object, as decoded from JSON with json.Number. It may have fields that no response
// schema names. A value may be a func() any, which is called for each response.
type object = map[string]any

// kind is the name of a table's objects in error messages.
type kind string

// row is an object in its table.
type row struct {
	seq    int64  // number of the row over all tables, which orders rows of the same time
	parent string // key of the object that it belongs to, or ""
	key    string // unique within the parent
	data   object
}

// table holds all objects of a kind in the order of their creation.
type table struct {
	rows  []*row
	index map[[2]string]*row // by parent and key
}

// store holds all tables.
type store struct {
	tables map[kind]*table
	seq    int64
}

func (s *store) table(k kind) *table {
	t := s.tables[k]
	if t == nil {
		t = &table{index: map[[2]string]*row{}}
		s.tables[k] = t
	}
	return t
}

func (s *store) add(k kind, parent, key string, data object) *row {
	s.seq++
	r := &row{seq: s.seq, parent: parent, key: key, data: data}
	t := s.table(k)
	t.rows = append(t.rows, r)
	t.index[[2]string{parent, key}] = r
	return r
}

func (s *store) get(k kind, parent, key string) *row { return s.table(k).index[[2]string{parent, key}] }

func (s *store) rows(k kind) []*row { return s.table(k).rows }

// remove removes a row. Its children become unreachable.
func (s *store) remove(k kind, r *row) {
	t := s.table(k)
	if i, found := slices.BinarySearchFunc(t.rows, r.seq, func(r *row, seq int64) int { return cmp.Compare(r.seq, seq) }); found {
		t.rows = slices.Delete(t.rows, i, i+1)
		delete(t.index, [2]string{r.parent, r.key})
	}
}

// position is a position in an ordered list: after the row with this value and number, even if that was deleted. So a
// page begins where the previous one ended, whatever was created or deleted in between.
type position struct {
	value string
	seq   int64
}

func positionOf(r *row, orderBy string) position { return position{text(r.data[orderBy]), r.seq} }

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.value, q.value), cmp.Compare(p.seq, q.seq))
}

// cursor encodes the position. The cursor includes the order, because it is valid only in that.
func (p position) cursor(order string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %s", order, p.seq, p.value))
}

func parseCursor(cursor, order string) (position, bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return position{}, false
	}
	rest, fits := strings.CutPrefix(string(decoded), order+" ")
	number, value, cut := strings.Cut(rest, " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	return position{value, seq}, fits && cut && err == nil
}

func formatUUID(id [16]byte) string {
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// text returns the value of a string field, or "" if it is null or missing.
func text(v any) string { s, _ := v.(string); return s }

func isTrue(v any) bool { b, _ := v.(bool); return b }

// integer returns the value of a number field, limited to the range of int64.
func integer(v any) int64 {
	n, _ := v.(json.Number)
	switch f, _ := n.Float64(); {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	default:
		return int64(f)
	}
}

func number[N int | int64](n N) json.Number { return json.Number(strconv.FormatInt(int64(n), 10)) }

func price(f float64) json.Number { return json.Number(strconv.FormatFloat(f, 'f', -1, 64)) }
