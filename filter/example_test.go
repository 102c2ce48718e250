package filter_test

import (
	"fmt"

	"radiograph"
	"radiograph/filter"
)

func Example() {
	e, err := filter.Parse(`http.url contains "/game/" and !service("cache") duration<3`, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e)
	s := &radiograph.Summary{HTTP: radiograph.HTTP{URL: "http://api.t/game/7"}, Duration: 2e9}
	fmt.Println(e.Judge(&radiograph.FilterView{Summary: s}) == radiograph.Yes)

	_, err = filter.Parse(`responsetime >`, nil)
	fmt.Println(err)
	// Output:
	// http.url CONTAINS "/game/" AND !service("cache") AND duration < 3
	// true
	// Invalid filter expression: responsetime wants a number, not the end at position 15
}
