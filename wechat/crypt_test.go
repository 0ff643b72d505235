package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/silenceper/wechat/v2/util"
)

// vector is one file of testdata/vectors, made by the platform or by other
// libraries.
type vector struct {
	Kind          string
	AESKey        string `json:"encodingAESKey"`
	Encrypt       string
	Plaintext     string
	Expect        string `json:"expect_plaintext"`
	Random        string `json:"random16"`
	AppID         string `json:"receiveid"`
	Token         string
	Timestamp     string
	Nonce         string
	MsgSignature  string `json:"msg_signature"`
	URLSignature  string `json:"url_signature_no_encrypt"`
	PostBody      string `json:"post_body"`
	Cases         []vectorCase
	NegativeCases []string `json:"negative"`
}

type vectorCase struct {
	Params    []string
	Ticket    string `json:"jsapi_ticket"`
	NonceStr  string
	Timestamp int64
	URL       string
	Signature string
}

// vectors reads every vector of a kind.
func vectors(t testing.TB, kind string) map[string]vector {
	t.Helper()
	files, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]vector{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v.Kind == kind {
			found[filepath.Base(name)] = v
		}
	}
	if len(found) == 0 {
		t.Fatalf("no vector of kind %s", kind)
	}
	return found
}

func mustKey(t testing.TB, encoded string) *sealKey {
	t.Helper()
	k, err := newSealKey(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpensVectors(t *testing.T) {
	for name, v := range vectors(t, "msg_decrypt") {
		key := mustKey(t, v.AESKey)
		got, err := key.open(v.Encrypt, v.AppID)
		if err != nil || string(got) != v.Expect {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := key.open(v.Encrypt, v.AppID+"x"); err == nil {
			t.Errorf("%s: opened for another account", name)
		}
		c := Callback{cfg: Config{Token: v.Token}}
		if !c.signed(v.MsgSignature, v.Timestamp, v.Nonce, v.Encrypt) {
			t.Errorf("%s: good msg_signature refused", name)
		}
		if !c.signed(v.URLSignature, v.Timestamp, v.Nonce) {
			t.Errorf("%s: good signature refused", name)
		}
		if c.signed(v.MsgSignature, v.Timestamp, v.Nonce+"1", v.Encrypt) || c.signed("", v.Timestamp, v.Nonce, v.Encrypt) {
			t.Errorf("%s: wrong msg_signature accepted", name)
		}
	}
}

func TestSealsVectors(t *testing.T) {
	for name, v := range vectors(t, "msg_encrypt") {
		got := mustKey(t, v.AESKey).seal([16]byte([]byte(v.Random)), []byte(v.Plaintext), v.AppID)
		if got != v.Encrypt {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSortedSignatureVectors(t *testing.T) {
	for name, v := range vectors(t, "sha1_sorted") {
		for _, c := range v.Cases {
			cb := Callback{cfg: Config{Token: c.Params[0]}}
			if !cb.signed(c.Signature, c.Params[1:]...) {
				t.Errorf("%s: %v refused", name, c.Params)
			}
		}
	}
}

const testAESKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

// sealRaw encrypts a plaintext that is padded, or broken, by the test.
func sealRaw(t testing.TB, padded []byte) string {
	t.Helper()
	key, _ := decodeAESKey(testAESKey)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(out, padded)
	return base64.StdEncoding.EncodeToString(out)
}

// frame is a plaintext before padding, with a length that may lie.
func frame(length uint32, content, appID string) []byte {
	b := append(bytes.Repeat([]byte{7}, 16), binary.BigEndian.AppendUint32(nil, length)...)
	return append(append(b, content...), appID...)
}

func TestRefusesBrokenCiphertext(t *testing.T) {
	good := frame(4, "text", testAppID) // 42 bytes: 22 are missing
	pad := func(b []byte, n int, value byte) []byte {
		return append(bytes.Clone(b), bytes.Repeat([]byte{value}, n)...)
	}
	key := mustKey(t, testAESKey)
	if got, err := key.open(sealRaw(t, pad(good, 22, 22)), testAppID); err != nil || string(got) != "text" {
		t.Fatalf("the good one: %q, %v", got, err)
	}
	uneven := pad(good, 22, 22)
	uneven[len(uneven)-5] = 1
	for name, cipher := range map[string]string{
		"pad 0":                    sealRaw(t, pad(good, 22, 0)),
		"pad 33":                   sealRaw(t, append(pad(good, 54, 33)[:64:64], pad(nil, 32, 33)...)),
		"pad 33, evenly":           sealRaw(t, pad(frame(25, strings.Repeat("x", 25), testAppID), 33, 33)),
		"pad 200":                  sealRaw(t, pad(good, 22, 200)),
		"uneven padding":           sealRaw(t, uneven),
		"length beyond the data":   sealRaw(t, pad(frame(1<<30, "text", testAppID), 22, 22)),
		"length of 4 GiB":          sealRaw(t, pad(frame(1<<32-1, "text", testAppID), 22, 22)),
		"length eats the account":  sealRaw(t, pad(frame(10, "text", testAppID), 22, 22)),
		"no account":               sealRaw(t, pad(frame(4, "text", ""), 8, 8)),
		"shorter than its header":  sealRaw(t, pad(nil, 32, 20)),
		"nothing but padding":      sealRaw(t, pad(nil, 32, 32)),
		"16 bytes":                 sealRaw(t, pad(nil, 16, 16)),
		"not a multiple of 32":     sealRaw(t, pad(good, 6, 6)),
		"no base64":                "%%%",
		"cut base64":               sealRaw(t, pad(good, 22, 22))[:85],
		"empty":                    "",
		"sealed with another key":  mustKey(t, strings.ToUpper(testAESKey)).seal([16]byte{}, []byte("text"), testAppID),
		"sealed for another appid": key.seal([16]byte{}, []byte("text"), "wx-other"),
	} {
		if got, err := key.open(cipher, testAppID); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
}

// Pads from 17 to 32 are where a 16-byte PKCS#7 goes wrong.
func TestEveryPadSurvivesARoundTrip(t *testing.T) {
	key := mustKey(t, testAESKey)
	for n := range 64 {
		content := strings.Repeat("x", n)
		sealed := key.seal([16]byte{1}, []byte(content), testAppID)
		if got, err := key.open(sealed, testAppID); err != nil || string(got) != content {
			t.Errorf("%d bytes: %q, %v", n, got, err)
		}
		if _, theirs, err := util.DecryptMsg(testAppID, sealed, testAESKey); err != nil || string(theirs) != content {
			t.Errorf("%d bytes: silenceper reads %q, %v", n, theirs, err)
		}
	}
}

func TestAESKeyMustBeWhole(t *testing.T) {
	for _, bad := range []string{"short", testAESKey + "x", strings.Repeat("*", 43)} {
		if _, err := New(Config{AppID: "a", Secret: "b", AESKey: bad}, newMemoryStore(nil), Options{}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
