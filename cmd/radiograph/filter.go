package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// filterError shows an expression and the place in it that the server refused.
// Any other error comes through as it is.
func filterError(expression string, err error) error {
	var refused *apiError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.Message, "Invalid filter expression: ") {
		return err
	}
	at := " at position "
	position, bad := strconv.Atoi(refused.Message[strings.LastIndex(refused.Message, at)+len(at):])
	if bad != nil || position < 1 || position > utf8.RuneCountInString(expression)+1 || strings.ContainsAny(expression, "\r\n\t") {
		return err
	}
	return usagef("%s\n  %s\n  %s^", refused.Message, clean(expression), strings.Repeat(" ", position-1))
}

// filterOf joins the words of a filter expression that the shell has parted.
func filterOf(args []string) string { return strings.TrimSpace(strings.Join(args, " ")) }

// nothingFound says that a listing is empty, and why.
func nothingFound(since, filter string, c *client) string {
	where := fmt.Sprintf("in the last %s in account %s, region %s", since, c.tenant().Account, c.tenant().Region)
	if filter != "" {
		return "No trace " + where + " passes the filter.\n"
	}
	return "No trace " + where + ". 'radiograph invoke NAME' makes one.\n"
}
