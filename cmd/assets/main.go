// Command assets builds the style sheets and the script that the pages use:
// templates/src with the parts of WeUI and Bootstrap in templates/vendor
// becomes templates/assets, minified, named by content and compressed. Run it
// as `go run ./cmd/assets` after a change there; the result is committed and a
// test holds it fresh.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := run("templates"); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

// run replaces what is in dir/assets.
func run(dir string) error {
	files, err := build(dir)
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "assets")
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil { // #nosec G301 -- sources, readable by all
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil { // #nosec G306 -- as above
			return err
		}
		fmt.Printf("%7d  %s\n", len(data), name)
	}
	return nil
}

// entries are the files of templates/src that pages ask for by name.
func entries() []string {
	return []string{"h5.css", "admin.css", "app.js", "purchase.js", "gallery.js", "admin.js", "scan.js", "wx.js", "list.js"}
}

// build answers every file of the assets folder: each entry under a name with
// its hash, the same compressed, and manifest.json that maps entry to name.
func build(dir string) (map[string][]byte, error) {
	files, manifest := map[string][]byte{}, map[string]string{}
	for _, entry := range entries() {
		data, err := bundle(filepath.Join(dir, "src", entry))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		ext := filepath.Ext(entry)
		name := strings.TrimSuffix(entry, ext) + "." + hex.EncodeToString(sum[:5]) + ext
		manifest[entry], files[name] = name, data
		if files[name+".gz"], err = compress(data); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, err
	}
	files["manifest.json"] = append(data, '\n')
	return files, nil
}

// bundle minifies one entry. The oldest browsers are the WebViews that current
// WeChat versions still run on.
func bundle(path string) ([]byte, error) {
	options := api.BuildOptions{
		EntryPoints:       []string{path},
		Bundle:            true,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone, // the licences lie beside the sources
		LogLevel:          api.LogLevelSilent,
	}
	if filepath.Ext(path) == ".css" {
		options.Engines = []api.Engine{{Name: api.EngineChrome, Version: "66"}, {Name: api.EngineIOS, Version: "11"}}
	} else {
		options.Target, options.Format = api.ES2016, api.FormatIIFE
	}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		texts := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.Join(texts, "\n"))
	}
	return result.OutputFiles[0].Contents, nil
}

// compress leaves the time out, so that the same input gives the same bytes.
func compress(data []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
