package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// Variant is one size of a picture.
type Variant string

// The sizes.
const (
	Original Variant = "original"
	PC       Variant = "pc"
	Mobile   Variant = "mobile"
)

// Blob is an open blob, with what an HTTP answer needs. Close it.
type Blob struct {
	io.ReadSeekCloser
	ContentType string
	ETag        string // quoted; never changes, as a name is never written twice
	ModTime     time.Time
	Size        int64
}

// Blobs keeps pictures by name. A blob is never overwritten.
type Blobs interface {
	// Put writes data durably under name; Conflict when the name is taken.
	Put(ctx context.Context, name string, data []byte) error
	// Open answers the blob, or NotFound (also for a name that is none).
	Open(ctx context.Context, name string) (*Blob, error)
	// Delete removes the blob; deleting an absent one is no error.
	Delete(ctx context.Context, name string) error
}

// Name is the blob of one size of a picture: "<key>-pc.jpg".
func Name(key string, v Variant) string { return key + "-" + string(v) + ".jpg" }

// names is the shape of every name: 26 random characters, a size, an extension.
var names = regexp.MustCompile(`^[a-z2-7]{26}-(original|pc|mobile)\.jpg$`)

// Save stores the three sizes and answers the key for the database, 26 random
// characters that nobody can guess. Name gives the blob of a size. What was
// written is removed again when one fails.
func Save(ctx context.Context, b Blobs, img Image) (key string, err error) {
	key = strings.ToLower(rand.Text())
	for _, v := range []struct {
		variant Variant
		data    []byte
	}{{Original, img.Original}, {PC, img.PC}, {Mobile, img.Mobile}} {
		if err := b.Put(ctx, Name(key, v.variant), v.data); err != nil {
			return "", errors.Join(err, Remove(context.WithoutCancel(ctx), b, key))
		}
	}
	return key, nil
}

// Remove deletes every size of a picture.
func Remove(ctx context.Context, b Blobs, key string) error {
	var all []error
	for _, v := range []Variant{Original, PC, Mobile} {
		all = append(all, b.Delete(ctx, Name(key, v)))
	}
	return errors.Join(all...)
}

// LocalBlobs keeps blobs as files below one folder, spread over 1,024 × 1,024
// subfolders. It cannot reach outside that folder, whatever the name.
type LocalBlobs struct{ root *os.Root }

// unfinished is where files are written before they get their names.
const unfinished = "tmp"

// OpenLocal opens, and makes when absent, the folder dir. Close releases it.
func OpenLocal(dir string) (*LocalBlobs, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	if err := root.MkdirAll(unfinished, 0o750); err != nil {
		return nil, errors.Join(fmt.Errorf("media: %w", err), root.Close())
	}
	return &LocalBlobs{root: root}, nil
}

// Close releases the folder.
func (l *LocalBlobs) Close() error { return l.root.Close() }

// Put implements Blobs. The file appears whole or not at all, also when the
// machine loses power.
func (l *LocalBlobs) Put(ctx context.Context, name string, data []byte) error {
	if !names.MatchString(name) {
		return fmt.Errorf("media: %q is no name of a blob", name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	file := place(name)
	if _, err := l.root.Stat(file); err == nil {
		return &xunjia.Error{Code: xunjia.Conflict, Message: "图片已存在", Err: fs.ErrExist}
	}
	folder := path.Dir(file)
	if err := l.root.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("media: %w", err)
	}
	temporary := path.Join(unfinished, rand.Text())
	err := l.write(temporary, data)
	if err == nil {
		err = l.root.Rename(temporary, file)
	}
	if err != nil {
		_ = l.root.Remove(temporary)
		return fmt.Errorf("media: write %s: %w", name, err)
	}
	for _, dir := range []string{folder, path.Dir(folder), "."} {
		if err := l.sync(dir); err != nil {
			return fmt.Errorf("media: write %s: %w", name, err)
		}
	}
	return nil
}

// write makes a file and waits until the disk has it.
func (l *LocalBlobs) write(name string, data []byte) error {
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// sync makes the entries of a folder durable.
func (l *LocalBlobs) sync(dir string) error {
	f, err := l.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements Blobs.
func (l *LocalBlobs) Open(ctx context.Context, name string) (*Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !names.MatchString(name) {
		return nil, absent(nil)
	}
	f, err := l.root.Open(place(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent(err)
	}
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("media: %w", err), f.Close())
	}
	return &Blob{
		ReadSeekCloser: f, ContentType: MIME, ETag: `"` + name + `"`, ModTime: info.ModTime(), Size: info.Size(),
	}, nil
}

// Delete implements Blobs.
func (l *LocalBlobs) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil || !names.MatchString(name) {
		return err
	}
	if err := l.root.Remove(place(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("media: %w", err)
	}
	return nil
}

// place is the file of a blob: "ab/cd/abcd….jpg".
func place(name string) string { return path.Join(name[:2], name[2:4], name) }

func absent(err error) error {
	return &xunjia.Error{Code: xunjia.NotFound, Message: "图片不存在或已删除", Err: err}
}
