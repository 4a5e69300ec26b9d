package transport

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// records decodes the output of a JSON handler, without the times.
func records(t *testing.T, log *bytes.Buffer) []map[string]any {
	var all []map[string]any
	for dec := json.NewDecoder(log); dec.More(); {
		var r map[string]any
		require.NoError(t, dec.Decode(&r))
		delete(r, slog.TimeKey)
		all = append(all, r)
	}
	return all
}

func TestAttemptRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := newClient(t, play(fail(errBroken), reply(429, "{}", "Retry-After: 2", "X-Request-Id: r"), reply(200, "<html>"), reply(200, "{}")), "https://api.example.com")
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		call := newCall(safe, "")
		call.Receiver = receiver(judge)
		_, err := c.Do(t.Context(), call)
		require.NoError(t, err)
		rs := records(t, &log)
		require.Len(t, rs, 4)
		for i, want := range []struct {
			level  string
			status float64
			reason any
		}{{"WARN", 0, "transport error"}, {"WARN", 429, nil}, {"WARN", 200, "not JSON (text/html)"}, {"DEBUG", 200, nil}} {
			assert.Equal(t, want.level, rs[i]["level"], i)
			assert.Equal(t, want.status, rs[i]["status"], i)
			assert.Equal(t, want.reason, rs[i]["reason"], i)
			assert.Equal(t, i < 3, rs[i]["retry_in"] != nil, "%d: the delay that follows", i)
		}
		assert.EqualValues(t, 2*time.Second, rs[1]["retry_in"])
		delete(rs[1], "duration")
		delete(rs[1], "retry_in")
		assert.Equal(t, map[string]any{
			"level": "WARN", "msg": "paperspace attempt", "endpoint": "things-get", "method": "GET", "path_template": "/things/{id}",
			"status": 429.0, "attempt": 2.0, "request_id": "r",
		}, rs[1])
	})
}

// LevelTrace shows headers and bodies, but no secret.
func TestWireLog(t *testing.T) {
	const secret = "key-4711"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session="+secret)
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"no: ` + r.Header.Get("Authorization") + `"}`))
	}))
	defer srv.Close()
	var log bytes.Buffer
	c := newClient(t, http.DefaultTransport, srv.URL)
	call := newCall(neither, `{"password":"hunter2"}`)
	call.Request.Header = http.Header{"X-Api-Key": {secret}, "Cookie": {secret}, "Proxy-Authorization": {secret}, "X-Plain": {"shown"}}

	c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := c.Do(t.Context(), call)
	require.NoError(t, err)
	require.Len(t, records(t, &log), 1, "debug shows attempts only")

	c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: LevelTrace}))
	_, err = c.Do(t.Context(), call)
	require.NoError(t, err)
	assert.NotContains(t, log.String(), secret)
	for _, r := range records(t, &log) {
		assert.NotContains(t, r, "body", "without Mask, bodies are not logged")
	}

	c.Mask = func(body, _ []byte) []byte { return bytes.ReplaceAll(body, []byte("hunter2"), []byte("[REDACTED]")) }
	_, err = c.Do(t.Context(), call)
	require.NoError(t, err)
	assert.NotContains(t, log.String(), secret)
	rs := records(t, &log)
	require.Len(t, rs, 3)
	assert.Equal(t, "paperspace request", rs[0]["msg"])
	assert.Equal(t, `{"password":"[REDACTED]"}`, rs[0]["body"])
	assert.Equal(t, []any{"shown"}, rs[0]["header"].(map[string]any)["X-Plain"])
	assert.Equal(t, []any{mask}, rs[0]["header"].(map[string]any)["Authorization"])
	assert.Equal(t, "paperspace response", rs[2]["msg"])
	assert.Equal(t, `{"message":"no: Bearer [REDACTED]"}`, rs[2]["body"])
	assert.Equal(t, []any{"Bearer [REDACTED]"}, rs[2]["header"].(map[string]any)["X-Echo"])
}
