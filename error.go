package xunjia

import (
	"errors"
	"fmt"
	"time"
)

// Code tells a caller what kind of failure an Error is; the edge of the
// program maps it to an HTTP status. Whatever is not an Error is Internal.
type Code string

// The codes, each with the HTTP status the edge answers.
const (
	Invalid      Code = "invalid"      // 422: the input breaks a rule
	Unauthorized Code = "unauthorized" // 401: log in first
	Forbidden    Code = "forbidden"    // 403: known, but not allowed
	NotFound     Code = "not_found"    // 404: absent, or somebody else's
	Conflict     Code = "conflict"     // 409: the state does not permit it now
	RateLimited  Code = "rate_limited" // 429: too often; see Error.RetryAfter
	TooLarge     Code = "too_large"    // 413: the body exceeds its limit
	Unavailable  Code = "unavailable"  // 503: a dependency is down
	Internal     Code = "internal"     // 500: a fault of ours
)

// Error is a failure that a user can be told of.
type Error struct {
	Code       Code
	Message    string            // one Chinese sentence for the user
	Fields     map[string]string // form field name → Chinese message; nil when no field is to blame
	RetryAfter time.Duration     // for RateLimited: when trying again makes sense
	Err        error             // the cause, for the log only
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error whose message is shown to the user as it is.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode tells the code of err: "" for nil, Internal for a foreign error.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// FieldErrors collects what is wrong with a form, field by field.
type FieldErrors map[string]string

// Add notes the first complaint about a field; later ones are dropped.
func (f FieldErrors) Add(field, format string, args ...any) {
	if _, taken := f[field]; !taken {
		f[field] = fmt.Sprintf(format, args...)
	}
}

// Err answers nil when nothing was added, otherwise an Invalid error that
// carries every field.
func (f FieldErrors) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: "有内容需要修改，请看标红的地方", Fields: f}
}

// fieldsOf are the complaints about fields that err consists of; false for any
// other error.
func fieldsOf(err error) (map[string]string, bool) {
	var e *Error
	if errors.As(err, &e) && e.Code == Invalid && len(e.Fields) > 0 {
		return e.Fields, true
	}
	return nil, false
}
