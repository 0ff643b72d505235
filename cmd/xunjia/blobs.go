package main

import (
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/media"
)

// openBlobs opens the place of pictures and files; release it after use.
func openBlobs(cfg config.Config) (blobs media.Blobs, release func(), err error) {
	if cfg.Media.Store == config.StoreOSS {
		o := cfg.Media.OSS
		return media.NewOSS(media.OSSOptions{
			Bucket: o.Bucket, Region: o.Region, Endpoint: o.Endpoint, Prefix: o.Prefix,
			AccessKeyID: string(o.AccessKeyID), AccessKeySecret: string(o.AccessKeySecret),
		}), func() {}, nil
	}
	local, err := media.OpenLocal(cfg.Media.Dir)
	if err != nil {
		return nil, nil, err
	}
	return local, func() { _ = local.Close() }, nil
}
