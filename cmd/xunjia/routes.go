package main

import (
	"fmt"

	"github.com/xunjia/xunjia/handlers"
)

type routesCommand struct{}

// Run prints every METHOD PATH with its audience.
func (routesCommand) Run(env environment) error {
	for _, line := range handlers.Routes() {
		if _, err := fmt.Fprintln(env.stdout, line); err != nil {
			return err
		}
	}
	return nil
}
