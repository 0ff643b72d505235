package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/silenceper/wechat/v2/util"
)

// sealKey is one EncodingAESKey, ready for use.
type sealKey struct {
	bytes []byte // 32; the first 16 are the IV too
	block cipher.Block
}

func newSealKey(encoded string) (*sealKey, error) {
	key, err := decodeAESKey(encoded)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	return &sealKey{bytes: key, block: block}, nil
}

// The envelope of a sealed push: 16 random bytes, the content's length in 4
// bytes, the content, the AppID, padded to a multiple of 32.
const (
	sealBlock  = 32
	sealHeader = 20
)

var (
	errSeal  = errors.New("wechat: the ciphertext does not open with this key")
	errAppID = errors.New("wechat: the ciphertext is for another account")
)

// open decrypts the base64 text of an Encrypt element and checks every byte of
// the padding, the length and the AppID. silenceper's function does not, and
// decodes the key anew each time.
func (k *sealKey) open(encrypted, appID string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(b) < sealBlock || len(b)%sealBlock != 0 {
		return nil, errSeal
	}
	cipher.NewCBCDecrypter(k.block, k.bytes[:aes.BlockSize]).CryptBlocks(b, b)
	pad := int(b[len(b)-1])
	if pad < 1 || pad > sealBlock || len(b)-pad < sealHeader {
		return nil, errSeal
	}
	for _, c := range b[len(b)-pad:] {
		if int(c) != pad {
			return nil, errSeal
		}
	}
	b = b[:len(b)-pad]
	n := binary.BigEndian.Uint32(b[16:sealHeader])
	if uint64(n) > uint64(len(b)-sealHeader) {
		return nil, errSeal
	}
	content, id := b[sealHeader:sealHeader+n], b[sealHeader+n:]
	if subtle.ConstantTimeCompare(id, []byte(appID)) != 1 {
		return nil, errAppID
	}
	return content, nil
}

// seal encrypts content for appID with 16 random bytes that must be fresh.
func (k *sealKey) seal(random [16]byte, content []byte, appID string) string {
	return base64.StdEncoding.EncodeToString(util.AESEncryptMsg(random[:], content, appID, k.bytes))
}
