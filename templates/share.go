package templates

import (
	_ "embed"
	"slices"
)

//go:embed share.png
var sharePNG []byte

// SharePicture is the site's own picture for cards in chats: PNG, 200 pixels
// square. Platforms do not show SVG there.
func SharePicture() []byte { return slices.Clone(sharePNG) }
