package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What is committed in templates/assets is what templates/src gives.
func TestAssetsAreFresh(t *testing.T) {
	dir := filepath.Join("..", "..", "templates")
	want, err := build(dir)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadDir(filepath.Join(dir, "assets"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range committed {
		if _, ok := want[f.Name()]; !ok {
			t.Errorf("%s is left over: run go run ./cmd/assets", f.Name())
		}
	}
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(dir, "assets", name))
		if err != nil || string(got) != string(data) {
			t.Errorf("%s is stale: run go run ./cmd/assets", name)
		}
	}
}

// A first visit over a mobile network pays for these.
func TestAssetsAreSmall(t *testing.T) {
	files, err := build(filepath.Join("..", "..", "templates"))
	if err != nil {
		t.Fatal(err)
	}
	limits := map[string]int{"h5": 30 << 10, "admin": 40 << 10, "app": 5 << 10, "purchase": 7 << 10}
	for name, data := range files {
		if filepath.Ext(name) != ".gz" {
			continue
		}
		for prefix, limit := range limits {
			if len(name) > len(prefix) && name[:len(prefix)+1] == prefix+"." && len(data) > limit {
				t.Errorf("%s has %d bytes, more than %d", name, len(data), limit)
			}
		}
	}
}
