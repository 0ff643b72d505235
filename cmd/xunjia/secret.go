package main

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/xunjia/xunjia/config"
)

// masterKey answers the configured master key. Where none is configured, which
// only a development environment permits, it makes one at the first start and
// keeps it in the data directory, so that a restart logs nobody out.
func masterKey(cfg config.Config) ([]byte, error) {
	if cfg.Secret != "" {
		return []byte(cfg.Secret), nil
	}
	file := filepath.Join(cfg.DataDir, "secret")
	key, err := os.ReadFile(file)
	if err == nil {
		return []byte(strings.TrimSpace(string(key))), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	fresh := rand.Text() + rand.Text()
	return []byte(fresh), os.WriteFile(file, []byte(fresh+"\n"), 0o600)
}

// smsCallbackToken is the secret part of the addresses to which the SMS provider
// reports.
func smsCallbackToken(master []byte) (string, error) { return derive(master, "sms/callback", 32) }

// smsReportURL and smsReplyURL are the addresses to enter at the provider.
func smsReportURL(site, token string) string { return site + "/sms/" + token + "/reports" }
func smsReplyURL(site, token string) string  { return site + "/sms/" + token + "/replies" }

// derive makes a text of the given length in letters and digits for one
// purpose. Equal master keys give equal texts.
func derive(master []byte, purpose string, length int) (string, error) {
	raw, err := hkdf.Key(sha256.New, master, nil, "xunjia/"+purpose, length)
	if err != nil {
		return "", fmt.Errorf("derive %s: %w", purpose, err)
	}
	text := base64.RawURLEncoding.EncodeToString(raw)
	return strings.NewReplacer("-", "A", "_", "b").Replace(text)[:length], nil
}
