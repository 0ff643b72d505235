package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// categoriesFound is how many categories a search shows.
const categoriesFound = 20

// foundCategory is a category as the script of the publish form wants it.
type foundCategory struct {
	ID      int64         `json:"id"`
	Name    string        `json:"name"`
	Aliases []string      `json:"aliases,omitempty"`
	Units   []xunjia.Unit `json:"units"`
	Specs   []string      `json:"specs,omitempty"`
	Origins []string      `json:"origins,omitempty"`
}

// searchCategories finds goods by name, alias or pinyin initials (q), or one
// by its id.
func (s *Site) searchCategories(c *gin.Context) error {
	ctx := c.Request.Context()
	var list []xunjia.Category
	var err error
	if id := c.Query("id"); id != "" {
		n, parseErr := strconv.ParseInt(id, 10, 64)
		if parseErr != nil {
			return errNoPage()
		}
		var one xunjia.Category
		one, err = s.Store.Category(ctx, n)
		list = []xunjia.Category{one}
	} else {
		list, err = s.Store.SearchCategories(ctx, c.Query("q"), categoriesFound)
	}
	if err != nil {
		return err
	}
	found := []foundCategory{}
	for _, k := range list {
		if len(k.Units) > 0 { // the others are groups
			found = append(found, foundCategory{k.ID, k.Name, k.Aliases, k.Units, k.Specs, k.Origins})
		}
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.JSON(http.StatusOK, found)
	return nil
}
