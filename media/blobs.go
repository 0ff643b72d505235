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
	"strconv"
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

// Blobs keeps pictures and files by name. A blob is never overwritten.
type Blobs interface {
	// Put writes data durably under name; Conflict when the name is taken.
	Put(ctx context.Context, name string, data []byte) error
	// Open answers the blob, or NotFound (also for a name that is none).
	Open(ctx context.Context, name string) (*Blob, error)
	// Delete removes the blob; deleting an absent one is no error.
	Delete(ctx context.Context, name string) error
	// Each shows every blob with when it was written, in no certain order,
	// until see fails; blobs put or deleted meanwhile may be shown or not.
	Each(ctx context.Context, see func(name string, written time.Time) error) error
}

// Name is the blob of one size of a picture as it was uploaded: "<key>-pc.jpg".
func Name(key string, v Variant) string { return key + "-" + string(v) + ".jpg" }

// CropName is the blob of a crop that was made later: "<key>-pc.<version>.jpg".
// Version 0 is the crop as uploaded.
func CropName(key string, v Variant, version int64) string {
	if version == 0 {
		return Name(key, v)
	}
	return fmt.Sprintf("%s-%s.%d.jpg", key, v, version)
}

// FileName is the blob of a file: "<key>.pdf". The key begins with
// xunjia.FilePrefix.
func FileName(key string) string { return key + ".pdf" }

// names is the shape of every name: 26 random characters, a size, the version
// of a crop, an extension; or those of a file.
var names = regexp.MustCompile(`^(?:((?:p-)?[a-z2-7]{26})-(?:original|(?:pc|mobile)(?:\.([1-9][0-9]{0,15}))?)\.jpg|(f-[a-z2-7]{26})\.pdf)$`)

// Parse takes the name of a blob apart into the key of its media and the
// version of a crop; ok is false for a name that is none.
func Parse(name string) (key string, version int64, ok bool) {
	m := names.FindStringSubmatch(name)
	if m == nil {
		return "", 0, false
	}
	version, _ = strconv.ParseInt(m[2], 10, 64) // at most 16 digits
	return m[1] + m[3], version, true
}

// mimeOf is the type of the blob with a valid name.
func mimeOf(name string) string {
	if strings.HasSuffix(name, ".pdf") {
		return PDFMIME
	}
	return MIME
}

// Save stores the three sizes and answers the key for the database, 26 random
// characters that nobody can guess. Name gives the blob of a size. What was
// written is removed again when one fails.
func Save(ctx context.Context, b Blobs, img Image) (key string, err error) {
	return save(ctx, b, "", img)
}

// SavePrivate is Save for a picture that only its owner and staff may see.
func SavePrivate(ctx context.Context, b Blobs, img Image) (key string, err error) {
	return save(ctx, b, xunjia.PrivatePrefix, img)
}

func save(ctx context.Context, b Blobs, prefix string, img Image) (key string, err error) {
	key = prefix + strings.ToLower(rand.Text())
	if err := putAll(ctx, b, map[string][]byte{
		Name(key, Original): img.Original, Name(key, PC): img.PC, Name(key, Mobile): img.Mobile,
	}); err != nil {
		return "", err
	}
	return key, nil
}

// SaveCrops stores crops of a picture under names of their own.
func SaveCrops(ctx context.Context, b Blobs, key string, version int64, img Image) error {
	return putAll(ctx, b, map[string][]byte{CropName(key, PC, version): img.PC, CropName(key, Mobile, version): img.Mobile})
}

// SaveFile stores a document and answers the key for the database.
func SaveFile(ctx context.Context, b Blobs, doc PDF) (key string, err error) {
	key = xunjia.FilePrefix + strings.ToLower(rand.Text())
	if err := b.Put(ctx, FileName(key), doc.Data); err != nil {
		return "", err
	}
	return key, nil
}

// putAll writes all blobs or none.
func putAll(ctx context.Context, b Blobs, data map[string][]byte) error {
	var written []string
	for name, d := range data {
		if err := b.Put(ctx, name, d); err != nil {
			all := []error{err}
			for _, w := range written {
				all = append(all, b.Delete(context.WithoutCancel(ctx), w))
			}
			return errors.Join(all...)
		}
		written = append(written, name)
	}
	return nil
}

// Remove deletes every blob of a picture, whose crops are of that version, or
// of a file.
func Remove(ctx context.Context, b Blobs, key string, version int64) error {
	if xunjia.IsFile(key) {
		return b.Delete(ctx, FileName(key))
	}
	all := []error{b.Delete(ctx, Name(key, Original)), RemoveCrops(ctx, b, key, 0)}
	if version != 0 {
		all = append(all, RemoveCrops(ctx, b, key, version))
	}
	return errors.Join(all...)
}

// RemoveCrops deletes the crops of one version.
func RemoveCrops(ctx context.Context, b Blobs, key string, version int64) error {
	return errors.Join(b.Delete(ctx, CropName(key, PC, version)), b.Delete(ctx, CropName(key, Mobile, version)))
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
		ReadSeekCloser: f, ContentType: mimeOf(name), ETag: `"` + name + `"`, ModTime: info.ModTime(), Size: info.Size(),
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

// Each implements Blobs.
func (l *LocalBlobs) Each(ctx context.Context, see func(name string, written time.Time) error) error {
	return fs.WalkDir(l.root.FS(), ".", func(file string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && file == unfinished {
			return fs.SkipDir
		}
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!d.Type().IsRegular() || !names.MatchString(d.Name())) {
			return nil // deleted meanwhile, or not ours
		}
		if err != nil {
			return fmt.Errorf("media: %w", err)
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("media: %w", err)
		}
		return see(d.Name(), info.ModTime())
	})
}

// place is the file of a blob: "ab/cd/abcd….jpg", "ab/cd/f-abcd….pdf".
func place(name string) string {
	random := strings.TrimPrefix(name, xunjia.FilePrefix)
	return path.Join(random[:2], random[2:4], name)
}

func absent(err error) error {
	return &xunjia.Error{Code: xunjia.NotFound, Message: "图片或文件不存在，可能已删除", Err: err}
}
