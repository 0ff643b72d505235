package gosdk

import (
	_ "github.com/ArtisanCloud/PowerWeChat/v3/src/officialAccount"
	_ "github.com/xunjia/xunjia/sim"
)
