package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// The command alone, as somebody with another backend uses it: it proves that
// the backend knows the token, prints where to go, and stops when told to.
func TestSimCommand(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.FormValue("echostr"))
	}))
	t.Cleanup(backend.Close)
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{
			"sim", "--listen", "127.0.0.1:0", "--app-id", "wx5107000000000009", "--secret", "s3cret", "--mode", "safe", "--format", "json",
			"--server-url", backend.URL + "/wechat", "--web-url", backend.URL,
		}, nil, write, io.Discard)
		_ = write.Close()
		ended <- err
	}()
	said := &strings.Builder{}
	buffer := make([]byte, 4096)
	for !strings.Contains(said.String(), "Ctrl-C") {
		n, err := read.Read(buffer)
		said.Write(buffer[:n])
		if err != nil {
			t.Fatalf("ended early: %v, %s", <-ended, said)
		}
	}
	for _, want := range []string{"wx5107000000000009", "s3cret", "验证通过", "/sim/control.html", "AESKey"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the greeting lacks %q:\n%s", want, said)
		}
	}
	origin := regexp.MustCompile(`http://[0-9.:]+`).FindString(said.String())

	var token struct {
		AccessToken string `json:"access_token"`
		ErrCode     int    `json:"errcode"`
	}
	getJSON(t, origin+"/cgi-bin/token?grant_type=client_credential&appid=wx5107000000000009&secret=s3cret", &token)
	if token.AccessToken == "" {
		t.Errorf("no token but errcode %d", token.ErrCode)
	}
	var templates struct {
		List []struct {
			ID string `json:"template_id"`
		} `json:"template_list"`
	}
	getJSON(t, origin+"/cgi-bin/template/get_all_private_template?access_token="+token.AccessToken, &templates)
	if len(templates.List) != len(demoTemplates()) {
		t.Errorf("%d templates, the command promises %d", len(templates.List), len(demoTemplates()))
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// What cannot work is refused before anything listens.
func TestSimCommandRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"a foreign address":   {"--listen", "0.0.0.0:0"},
		"a short AES key":     {"--mode", "safe", "--aes-key", "short"},
		"an unknown mode":     {"--mode", "secret"},
		"an address of a dog": {"--server-url", "woof"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), append([]string{"sim"}, args...), nil, io.Discard, io.Discard); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func getJSON(t *testing.T, address string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", address, err))
	}
}
