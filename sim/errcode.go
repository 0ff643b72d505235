package sim

// fail is the platform's answer for a code; detail replaces the usual text.
func fail(code int, detail ...string) *apiError {
	if len(detail) > 0 {
		return &apiError{code, detail[0]}
	}
	return &apiError{code, errText(code)}
}

// errText is the errmsg the platform usually sends with a code.
// [comm] mirrors of 全局返回码
func errText(code int) string {
	switch code {
	case -1:
		return "system error"
	case 40001:
		return "invalid credential, access_token is invalid or not latest"
	case 40002:
		return "invalid grant_type"
	case 40003:
		return "invalid openid"
	case 40004:
		return "invalid media type"
	case 40005:
		return "invalid file type"
	case 40006:
		return "invalid meida size"
	case 40007:
		return "invalid media_id"
	case 40008:
		return "invalid message type"
	case 40013:
		return "invalid appid"
	case 40014:
		return "invalid access_token"
	case 40016:
		return "invalid button size"
	case 40017:
		return "invalid button type"
	case 40018:
		return "invalid button name size"
	case 40019:
		return "invalid button key size"
	case 40020:
		return "invalid button url size"
	case 40023:
		return "invalid sub button size"
	case 40024:
		return "invalid sub button type"
	case 40025:
		return "invalid sub button name size"
	case 40026:
		return "invalid sub button key size"
	case 40027:
		return "invalid sub button url size"
	case 40029:
		return "invalid code"
	case 40030:
		return "invalid refresh_token"
	case 40032:
		return "invalid openid list size"
	case 40035:
		return "invalid parameter"
	case 40037:
		return "invalid template_id"
	case 40053:
		return "invalid action info"
	case 40054:
		return "invalid button url domain"
	case 40055:
		return "invalid sub button url domain"
	case 40066:
		return "invalid url"
	case 40097:
		return "invalid args"
	case 40125:
		return "invalid appsecret"
	case 40163:
		return "code been used"
	case 41001:
		return "access_token missing"
	case 41002:
		return "appid missing"
	case 41003:
		return "refresh_token missing"
	case 41004:
		return "appsecret missing"
	case 41005:
		return "media data missing"
	case 41006:
		return "media_id missing"
	case 41008:
		return "missing code"
	case 41009:
		return "missing openid"
	case 42001:
		return "access_token expired"
	case 42002:
		return "refresh_token expired"
	case 43001:
		return "require GET method"
	case 43002:
		return "require POST method"
	case 43004:
		return "require subscribe"
	case 43101:
		return "user refuse to accept the msg"
	case 44001:
		return "empty media data"
	case 44002:
		return "empty post data"
	case 44003:
		return "empty news data"
	case 44004:
		return "empty content"
	case 45002:
		return "content size out of limit"
	case 45009:
		return "reach max api daily quota limit"
	case 45011:
		return "api minute-quota reach limit  mustslower  retry next minute"
	case 45015:
		return "response out of time limit or subscription is canceled"
	case 45028:
		return "has no masssend quota"
	default:
		return errText2(code)
	}
}

func errText2(code int) string {
	switch code {
	case 45047:
		return "out of response count limit"
	case 45056:
		return "the quantity of tags has reached the upper limit"
	case 45057:
		return "the quantity of fans in the tag exceeds the limit"
	case 45058:
		return "can not modify the system reserved tag"
	case 45059:
		return "a user has too many tags"
	case 45080:
		return "typing needs an interaction within 30 seconds"
	case 45081:
		return "already typing"
	case 45109:
		return "this api is unsupported"
	case 45157:
		return "tag name conflict"
	case 45158:
		return "tag name too long"
	case 45159:
		return "invalid tag id"
	case 46003:
		return "menu no exist"
	case 46004:
		return "user no exist"
	case 47001:
		return "data format error"
	case 47003:
		return "argument invalid!"
	case 48001:
		return "api unauthorized"
	case 48006:
		return "forbid to clear quota because of reaching the limit"
	case 49003:
		return "openid not match this appid"
	case 50002:
		return "user limited"
	case 53500:
		return "publish capability is blocked"
	case 53600:
		return "article id invalid"
	case 61503:
		return "draft or media not found"
	case 63178:
		return "invalid from_appid"
	case 65301:
		return "menu does not exist"
	case 65303:
		return "no default menu"
	case 65304:
		return "empty matchrule"
	case 65305:
		return "too many conditional menus"
	case 65313:
		return "menu does not exist"
	case 65316:
		return "too many menu domains"
	case 65318:
		return "invalid matchrule"
	case 65320:
		return "not support to create conditional menu with private conditions"
	case 76011:
		return "rid not found"
	default:
		return "error"
	}
}
