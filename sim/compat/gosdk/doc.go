// Package gosdk drives the simulator with PowerWeChat, a Go SDK that is not
// ours. It is a module of its own so that the product does not depend on it.
package gosdk
