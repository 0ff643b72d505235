package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sign is the platform's signature: hex sha1 of the sorted, joined parts.
// [off] developers.weixin.qq.com/doc/oplatform/developers/dev/push/encryption.md
func sign(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, ""))) // #nosec G401 -- the protocol's choice
	return hex.EncodeToString(sum[:])
}

// blockSize is the padding unit of message encryption: PKCS#7 to 32 bytes,
// twice the AES block. [off] as above
const blockSize = 32

// msgCipher encrypts and decrypts pushes with one EncodingAESKey.
type msgCipher struct {
	key   []byte
	appID string
}

func newMsgCipher(encodingAESKey, appID string) (*msgCipher, error) {
	if len(encodingAESKey) != 43 {
		return nil, fmt.Errorf("EncodingAESKey has %d characters, not 43", len(encodingAESKey))
	}
	// The last character carries two bits too many; real keys have them set.
	key, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil {
		return nil, fmt.Errorf("EncodingAESKey: %w", err)
	}
	return &msgCipher{key: key, appID: appID}, nil
}

// encrypt wraps a message: 16 random bytes, its length, the message, the app
// id, padded and encrypted with AES-256-CBC; base64.
func (m *msgCipher) encrypt(random []byte, msg []byte) string {
	buf := make([]byte, 0, 20+len(msg)+len(m.appID)+blockSize)
	buf = append(buf, random[:16]...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(msg))) // #nosec G115 -- messages are small
	buf = append(buf, msg...)
	buf = append(buf, m.appID...)
	pad := blockSize - len(buf)%blockSize
	buf = append(buf, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, _ := aes.NewCipher(m.key)
	cipher.NewCBCEncrypter(block, m.key[:aes.BlockSize]).CryptBlocks(buf, buf)
	return base64.StdEncoding.EncodeToString(buf)
}

// decrypt undoes encrypt and checks padding, length and app id.
func (m *msgCipher) decrypt(text string) ([]byte, error) {
	buf, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("base64: %w", err)
	}
	if len(buf) == 0 || len(buf)%blockSize != 0 {
		return nil, fmt.Errorf("ciphertext of %d bytes is no multiple of %d", len(buf), blockSize)
	}
	block, _ := aes.NewCipher(m.key)
	cipher.NewCBCDecrypter(block, m.key[:aes.BlockSize]).CryptBlocks(buf, buf)
	pad := int(buf[len(buf)-1])
	if pad < 1 || pad > blockSize || !bytes.HasSuffix(buf, bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errors.New("bad padding")
	}
	buf = buf[:len(buf)-pad]
	if len(buf) < 20 {
		return nil, errors.New("plaintext too short")
	}
	n := uint64(binary.BigEndian.Uint32(buf[16:20]))
	rest := buf[20:]
	if n > uint64(len(rest)) {
		return nil, errors.New("length prefix exceeds the plaintext")
	}
	if got := string(rest[n:]); got != m.appID {
		return nil, fmt.Errorf("app id %q inside the ciphertext, want %q", got, m.appID)
	}
	return rest[:n], nil
}

func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text)) // #nosec G401 -- the protocol's choice
	return hex.EncodeToString(sum[:])
}
