package xunjia

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
)

// ClickLinks makes and reads the short addresses in messages, which tell that a
// message was opened. A token is the delivery's id and 64 bits that prove that
// we made it; the id is covered by a stream that those bits begin, so that a
// token tells neither which message it is nor how many there are.
type ClickLinks struct {
	proof, cover []byte
}

const (
	clickProof = 8 // bytes; to guess one of a million messages takes 2^44 tries
	clickID    = 6
	clickText  = 19 // characters that the bytes need in base 62
)

// clickDigits are what a token is written in.
const clickDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewClickLinks derives its keys from the master key.
func NewClickLinks(master []byte) (*ClickLinks, error) {
	keys, err := hkdf.Key(sha256.New, master, nil, "xunjia/click", 64)
	if err != nil {
		return nil, fmt.Errorf("click links: %w", err)
	}
	if len(master) < 16 {
		return nil, errors.New("click links: the master key is too short")
	}
	return &ClickLinks{proof: keys[:32], cover: keys[32:]}, nil
}

// ClickPath is the page that counts a click, before the token.
const ClickPath = "/k/"

// Token names a delivery.
func (c *ClickLinks) Token(delivery int64) string {
	id := binary.BigEndian.AppendUint64(nil, uint64(delivery))
	raw := mac(c.proof, id)[:clickProof]
	raw = append(raw, c.covered(raw, id[8-clickID:])...)
	n, base := new(big.Int).SetBytes(raw), big.NewInt(int64(len(clickDigits)))
	text := make([]byte, clickText)
	digit := new(big.Int)
	for i := range text {
		n.DivMod(n, base, digit)
		text[clickText-1-i] = clickDigits[digit.Int64()]
	}
	return string(text)
}

// Delivery reads a token; false for one that we did not make.
func (c *ClickLinks) Delivery(token string) (int64, bool) {
	if len(token) != clickText {
		return 0, false
	}
	n, base := new(big.Int), big.NewInt(int64(len(clickDigits)))
	for _, r := range []byte(token) {
		digit := digitOf(r)
		if digit < 0 {
			return 0, false
		}
		n.Add(n.Mul(n, base), big.NewInt(digit))
	}
	if n.BitLen() > 8*(clickProof+clickID) {
		return 0, false
	}
	raw := n.FillBytes(make([]byte, clickProof+clickID))
	id := append(make([]byte, 8-clickID), c.covered(raw[:clickProof], raw[clickProof:])...)
	if !hmac.Equal(mac(c.proof, id)[:clickProof], raw[:clickProof]) {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(id)), true
}

// covered covers an id, or uncovers it.
func (c *ClickLinks) covered(proof, id []byte) []byte {
	stream := mac(c.cover, proof)
	out := make([]byte, len(id))
	for i := range id {
		out[i] = id[i] ^ stream[i]
	}
	return out
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

func digitOf(r byte) int64 {
	switch {
	case r >= '0' && r <= '9':
		return int64(r - '0')
	case r >= 'A' && r <= 'Z':
		return int64(r-'A') + 10
	case r >= 'a' && r <= 'z':
		return int64(r-'a') + 36
	}
	return -1
}
