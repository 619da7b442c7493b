package recommend_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn/recommend"
)

// What people of the same taste did is what is recommended; what a user did is not.
func ExampleALS_Fit() {
	var events []recommend.Event
	for user, items := range map[string][]string{
		"ann": {"tea", "kettle", "honey"}, "bob": {"tea", "kettle", "cup"}, "cat": {"tea", "honey", "cup"},
		"dan": {"saw", "drill", "nails"}, "eve": {"saw", "nails", "glue"}, "fay": {"drill", "nails", "glue"},
	} {
		for _, item := range items {
			events = append(events, recommend.Event{User: user, Item: item})
		}
	}
	m, err := recommend.ALS{Factors: 2}.Fit(context.Background(), events, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, user := range []string{"ann", "dan"} {
		list, _ := m.Recommend(user, 1)
		fmt.Println(user, list[0].Item)
	}
	after, err := m.RecommendAfter([]recommend.Event{{Item: "drill"}, {Item: "glue"}}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("a new user", after[0].Item, after[1].Item)
	// Output:
	// ann cup
	// dan glue
	// a new user nails saw
}
