package paperspacetemporal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeries(t *testing.T) {
	for _, c := range []struct {
		series Series
		names  []string
	}{
		{Series{Prefix: "w-", Count: 3}, []string{"w-0", "w-1", "w-2"}},
		{Series{Prefix: "w-", First: 9, Count: 3}, []string{"w-09", "w-10", "w-11"}},
		{Series{First: 1, Count: 2, Digits: 4}, []string{"0001", "0002"}},
		{Series{Prefix: "w", First: 99, Count: 2, Digits: 1}, []string{"w99", "w100"}},
		{Series{Prefix: "w"}, []string{}},
	} {
		require.Equal(t, c.names, c.series.Names())
		for i, name := range c.names {
			at, ok := c.series.index(name)
			require.True(t, ok, name)
			require.Equal(t, i, at)
		}
		for _, other := range []string{"", "w", "w-", "w-3", "w-00", "w-+1", "w-12", "0003", "w098", "w101", "x-1"} {
			_, ok := c.series.index(other)
			require.False(t, ok, "%q in %v", other, c.names)
		}
	}
}

// The parts of a series have the names of the whole.
func TestRosterPart(t *testing.T) {
	series := Roster{Series: Series{Prefix: "w-", Count: 11}}
	list := Roster{Names: series.Series.Names()}
	for _, whole := range []Roster{series, list} {
		find := whole.finder()
		for i := range 11 {
			part := whole.part(i, min(i+3, 11))
			for j := range part.len() {
				require.Equal(t, list.Names[i+j], part.at(j))
			}
			at, ok := find(list.Names[i])
			require.True(t, ok)
			require.Equal(t, i, at)
		}
		_, ok := find("another")
		require.False(t, ok)
	}
}
