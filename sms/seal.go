package sms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/xunjia/xunjia"
)

// errSealed hides why a sealed code cannot be opened.
var errSealed = errors.New("sms: sealed code is damaged or was sealed for another phone or key")

// Box seals verification codes, so that a queued message in the database does
// not show them. A sealed code opens only for the phone it was sealed for.
type Box struct{ aead cipher.AEAD }

// NewBox derives the sealing key from the master key of the installation,
// which has at least 32 bytes.
func NewBox(master []byte) (*Box, error) {
	key, err := derive(master, "xunjia sms seal v1")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("sms: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sms: %w", err)
	}
	return &Box{aead: aead}, nil
}

// Seal encrypts code for phone; the result is safe in JSON.
func (b *Box) Seal(phone xunjia.Phone, code string) string {
	return base64.RawURLEncoding.EncodeToString(b.aead.Seal(nil, nil, []byte(code), []byte(phone))) // #nosec G407 -- NewGCMWithRandomNonce makes its own
}

// Open reverses Seal. It fails when the text was changed or was sealed for
// another phone or by another master key.
func (b *Box) Open(phone xunjia.Phone, sealed string) (code string, err error) {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", errSealed
	}
	plain, err := b.aead.Open(nil, nil, data, []byte(phone))
	if err != nil {
		return "", errSealed
	}
	return string(plain), nil
}

// derive makes a 32-byte key for one purpose out of the master key.
func derive(master []byte, purpose string) ([]byte, error) {
	if len(master) < 32 {
		return nil, errors.New("sms: the master key needs at least 32 bytes")
	}
	key, err := hkdf.Key(sha256.New, master, nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("sms: derive key: %w", err)
	}
	return key, nil
}
