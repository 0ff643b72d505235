package sim

import "errors"

// readQR decodes a picture of a QR code.
func readQR([]byte) (string, error) { return "", errors.New("no code found") }
