package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// vector is one file of testdata; its "source" names where it was published.
type vector struct {
	EncodingAESKey string `json:"encodingAESKey"`
	Encrypt        string `json:"encrypt"`
	Expect         string `json:"expect_plaintext"`
	Plaintext      string `json:"plaintext"`
	Random16       string `json:"random16"`
	MsgSignature   string `json:"msg_signature"`
	Nonce          string `json:"nonce"`
	ReceiveID      string `json:"receiveid"`
	Timestamp      string `json:"timestamp"`
	Token          string `json:"token"`
	URLSignature   string `json:"url_signature_no_encrypt"`
}

func readVector(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

func TestDecryptVectors(t *testing.T) {
	for _, name := range []string{"msgcrypt_official_demo", "msgcrypt_wechatpy_decrypt", "msgcrypt_wecom_official_demo", "urlverify_wechatpy"} {
		t.Run(name, func(t *testing.T) {
			var v vector
			readVector(t, name, &v)
			if got := sign(v.Token, v.Timestamp, v.Nonce, v.Encrypt); got != v.MsgSignature {
				t.Errorf("msg_signature %s, want %s", got, v.MsgSignature)
			}
			if got := sign(v.Token, v.Timestamp, v.Nonce); got != v.URLSignature {
				t.Errorf("signature %s, want %s", got, v.URLSignature)
			}
			c, err := newMsgCipher(v.EncodingAESKey, v.ReceiveID)
			if err != nil {
				t.Fatal(err)
			}
			clear, err := c.decrypt(v.Encrypt)
			if err != nil || string(clear) != v.Expect {
				t.Errorf("decrypt = %q, %v", clear, err)
			}
			other, _ := newMsgCipher(v.EncodingAESKey, "wx0")
			if _, err := other.decrypt(v.Encrypt); err == nil {
				t.Error("a foreign app id was accepted")
			}
		})
	}
}

func TestEncryptVector(t *testing.T) {
	var v vector
	readVector(t, "msgcrypt_wechatpy_encrypt", &v)
	c, err := newMsgCipher(v.EncodingAESKey, v.ReceiveID)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.encrypt([]byte(v.Random16), []byte(v.Plaintext)); got != v.Encrypt {
		t.Errorf("encrypt = %s", got)
	}
	if got := sign(v.Token, v.Timestamp, v.Nonce, v.Encrypt); got != v.MsgSignature {
		t.Errorf("msg_signature %s", got)
	}
}

func TestSignVectors(t *testing.T) {
	var misc struct {
		Cases []struct {
			Params    []string
			Signature string
		}
	}
	readVector(t, "sign_misc", &misc)
	for _, c := range misc.Cases {
		if got := sign(c.Params...); got != c.Signature {
			t.Errorf("sign(%v) = %s, want %s", c.Params, got, c.Signature)
		}
	}
	var js struct {
		Cases []struct {
			Ticket    string `json:"jsapi_ticket"`
			NonceStr  string `json:"noncestr"`
			Signature string `json:"signature"`
			Timestamp int64  `json:"timestamp"`
			URL       string `json:"url"`
		} `json:"cases"`
	}
	readVector(t, "jssdk", &js)
	for _, c := range js.Cases {
		page, _, _ := strings.Cut(c.URL, "#")
		if got := jsSignature(c.Ticket, c.NonceStr, fmt.Sprint(c.Timestamp), page); got != c.Signature {
			t.Errorf("%s: %s, want %s", c.URL, got, c.Signature)
		}
	}
}

// Every length from 0 to two blocks comes back, so every padding occurs.
func TestCryptRoundTrip(t *testing.T) {
	c, _ := newMsgCipher(testAES, testApp)
	for n := range 2*blockSize + 1 {
		msg := strings.Repeat("x", n)
		got, err := c.decrypt(c.encrypt(make([]byte, 16), []byte(msg)))
		if err != nil || string(got) != msg {
			t.Fatalf("length %d: %q, %v", n, got, err)
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	c, _ := newMsgCipher(testAES, testApp)
	raw := func(plain []byte) string { // encrypts exactly these bytes
		block, _ := aes.NewCipher(c.key)
		out := make([]byte, len(plain))
		cipher.NewCBCEncrypter(block, c.key[:16]).CryptBlocks(out, plain)
		return base64.StdEncoding.EncodeToString(out)
	}
	padded := func(last byte) []byte {
		b := make([]byte, 64)
		for i := range b {
			b[i] = last
		}
		return b
	}
	long := padded(8)
	copy(long[16:20], []byte{0xff, 0xff, 0xff, 0xff})
	for name, text := range map[string]string{
		"no base64": "***", "empty": "", "16 bytes": raw(make([]byte, 16)), "48 bytes": raw(make([]byte, 48)),
		"pad 0": raw(padded(0)), "pad 33": raw(padded(33)), "too short": raw(padded(32)[:32]), "length beyond the end": raw(long),
	} {
		if _, err := c.decrypt(text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := newMsgCipher("short", testApp); err == nil {
		t.Error("a short key was accepted")
	}
}
