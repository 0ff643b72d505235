package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	"github.com/xunjia/xunjia"
)

// How long OSS may take.
const (
	ossConnect = 3 * time.Second
	ossCall    = 15 * time.Second // one call with its whole answer
)

// ossMost bounds what is read of one object: the largest blob that is written,
// and some room.
const ossMost = 64 << 20

// OSSOptions says where the bucket is. Region and Bucket are required.
type OSSOptions struct {
	Bucket          string
	Region          string // cn-hangzhou
	Endpoint        string // https://…; "": the region's public one
	Prefix          string // of every object's name: "xunjia/"; "" for none
	AccessKeyID     string
	AccessKeySecret string
	CallTimeout     time.Duration // 0: 15 s
}

// OSSBlobs keeps blobs as objects in a bucket of Aliyun OSS. The objects are
// private: readers get them through this program, with its headers.
type OSSBlobs struct {
	client *oss.Client
	OSSOptions
}

// NewOSS answers the store. It calls nobody.
func NewOSS(o OSSOptions) *OSSBlobs {
	if o.CallTimeout <= 0 {
		o.CallTimeout = ossCall
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: ossConnect, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   ossConnect,
		ResponseHeaderTimeout: o.CallTimeout,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       time.Minute,
		ForceAttemptHTTP2:     true,
	}
	c := oss.LoadDefaultConfig().
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.AccessKeySecret)).
		WithRegion(o.Region).
		WithSignatureVersion(oss.SignatureVersionV4).
		// No repeats: a second PUT would find the first one's object and call it
		// taken. Whoever uploads or looks repeats by himself.
		WithRetryMaxAttempts(1).
		WithHttpClient(&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	if o.Endpoint != "" {
		c = c.WithEndpoint(o.Endpoint)
	}
	return &OSSBlobs{client: oss.NewClient(c), OSSOptions: o}
}

// Put implements Blobs.
func (b *OSSBlobs) Put(ctx context.Context, name string, data []byte) error {
	if !names.MatchString(name) {
		return fmt.Errorf("media: %q is no name of a blob", name)
	}
	ctx, cancel := context.WithTimeout(ctx, b.CallTimeout)
	defer cancel()
	_, err := b.client.PutObject(ctx, &oss.PutObjectRequest{
		Bucket: oss.Ptr(b.Bucket), Key: oss.Ptr(b.Prefix + name), Body: bytes.NewReader(data),
		ContentLength: oss.Ptr(int64(len(data))), ContentType: oss.Ptr(mimeOf(name)),
		ForbidOverwrite: oss.Ptr("true"), Acl: oss.ObjectACLPrivate,
	})
	if e, ok := errors.AsType[*oss.ServiceError](err); ok && e.StatusCode == http.StatusConflict {
		return &xunjia.Error{Code: xunjia.Conflict, Message: "图片已存在", Err: err}
	}
	return ossFailed("put", err)
}

// Open implements Blobs. The object is read whole: all are small, and one call
// is sooner done than one for its size and others for its parts.
func (b *OSSBlobs) Open(ctx context.Context, name string) (*Blob, error) {
	if !names.MatchString(name) {
		return nil, absent(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, b.CallTimeout)
	defer cancel()
	result, err := b.client.GetObject(ctx, &oss.GetObjectRequest{Bucket: oss.Ptr(b.Bucket), Key: oss.Ptr(b.Prefix + name)})
	if e, ok := errors.AsType[*oss.ServiceError](err); ok && e.StatusCode == http.StatusNotFound && e.Code != "NoSuchBucket" {
		return nil, absent(err)
	}
	if err != nil {
		return nil, ossFailed("get", err)
	}
	defer result.Body.Close()
	data, err := io.ReadAll(io.LimitReader(result.Body, ossMost+1))
	if err != nil {
		return nil, ossFailed("get", err)
	}
	if len(data) > ossMost {
		return nil, fmt.Errorf("media: object %s is larger than anything written", name)
	}
	blob := &Blob{
		ReadSeekCloser: readable{bytes.NewReader(data)}, ContentType: mimeOf(name), ETag: `"` + name + `"`, Size: int64(len(data)),
	}
	if result.LastModified != nil {
		blob.ModTime = *result.LastModified
	}
	return blob, nil
}

// readable is a blob in memory.
type readable struct{ *bytes.Reader }

// Close implements io.Closer.
func (readable) Close() error { return nil }

// Delete implements Blobs.
func (b *OSSBlobs) Delete(ctx context.Context, name string) error {
	if !names.MatchString(name) {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, b.CallTimeout)
	defer cancel()
	_, err := b.client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: oss.Ptr(b.Bucket), Key: oss.Ptr(b.Prefix + name)})
	if e, ok := errors.AsType[*oss.ServiceError](err); ok && e.StatusCode == http.StatusNotFound && e.Code != "NoSuchBucket" {
		return nil
	}
	return ossFailed("delete", err)
}

// Each implements Blobs.
func (b *OSSBlobs) Each(ctx context.Context, see func(name string, written time.Time) error) error {
	var token *string
	for {
		page, err := b.list(ctx, token)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			name, ok := strings.CutPrefix(oss.ToString(object.Key), b.Prefix)
			if !ok || !names.MatchString(name) || object.LastModified == nil {
				continue // not ours
			}
			if err := see(name, *object.LastModified); err != nil {
				return err
			}
		}
		if !page.IsTruncated || page.NextContinuationToken == nil {
			return nil
		}
		token = page.NextContinuationToken
	}
}

// list answers up to 1,000 objects.
func (b *OSSBlobs) list(ctx context.Context, token *string) (*oss.ListObjectsV2Result, error) {
	ctx, cancel := context.WithTimeout(ctx, b.CallTimeout)
	defer cancel()
	request := &oss.ListObjectsV2Request{Bucket: oss.Ptr(b.Bucket), MaxKeys: 1000, ContinuationToken: token}
	if b.Prefix != "" {
		request.Prefix = oss.Ptr(b.Prefix)
	}
	page, err := b.client.ListObjectsV2(ctx, request)
	return page, ossFailed("list", err)
}

// ossFailed marks what may be better later: no answer in time, no connection,
// an error of the server. The others are mistakes of ours or of the settings.
func ossFailed(what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("media: OSS %s: %w", what, err)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if e, ok := errors.AsType[*oss.ServiceError](err); ok && e.StatusCode < 500 && e.StatusCode != http.StatusTooManyRequests {
		return err
	}
	return &xunjia.Error{Code: xunjia.Unavailable, Message: "图片存储暂时没有响应，请稍后再试", Err: err}
}
