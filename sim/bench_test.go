package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// How fast the simulator takes template messages: it must not be what a
// developer's benchmark measures.
func BenchmarkTemplateSend(b *testing.B) {
	s, err := New(Options{Accounts: []Account{{AppID: "wx1", Secret: "s", Templates: []Template{{ID: "t", Content: "品种:{{thing1.DATA}}\n金额:{{amount2.DATA}}"}}}}})
	if err != nil {
		b.Fatal(err)
	}
	a := s.st.account("wx1")
	s.st.issue(a, &a.plain, s.now(), 0)
	a.contacts["u1"].followed = true
	a.quota["/cgi-bin/message/template/send"] = &quotaUse{limit: 1 << 30}
	body, _ := json.Marshal(m{"touser": a.contacts["u1"].openID, "template_id": "t", "data": m{"thing1": m{"value": "黄芪"}, "amount2": m{"value": "18元"}}})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/cgi-bin/message/template/send?access_token="+a.plain.token, bytes.NewReader(body))
		w := httptest.NewRecorder()
		s.root.ServeHTTP(w, r)
		if raw, _ := io.ReadAll(w.Body); !bytes.Contains(raw, []byte(`"errcode":0`)) {
			b.Fatal(string(raw))
		}
	}
}
