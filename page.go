package xunjia

// PageSize is how many rows a list shows at a time.
const PageSize = 20

// Page asks for a part of a list. The zero value asks for its beginning.
type Page struct {
	After string // Next of the part before; "" for the beginning
	Limit int    // rows; 0 means PageSize
}

// List is a part of a list.
type List[T any] struct {
	Items []T
	Next  string // for Page.After; "" at the end
}
