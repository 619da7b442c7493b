package recommend

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
)

// A Report says how good the first K of users' lists are. What is relevant to a
// user is what the user did in the test events; all but Coverage are means over
// the users who did anything there.
type Report struct {
	K         int     `json:"k"`
	Users     int     `json:"users"`     // judged
	Unknown   int     `json:"unknown"`   // of these, those whom the model does not know
	Precision float64 `json:"precision"` // relevant items among the K, by K
	Recall    float64 `json:"recall"`    // relevant items among the K, by those that are relevant
	MAP       float64 `json:"map"`       // mean over the relevant among the K of the precision up to there, by how many there could be
	NDCG      float64 `json:"ndcg"`      // sum of 1 / log2(1 + place) of the relevant, by what it could be
	HitRate   float64 `json:"hit_rate"`  // whether any of the K is relevant
	Coverage  float64 `json:"coverage"`  // share of the model's items that are on any list
}

// Metrics are the numbers of the report by the names that they have elsewhere.
func (r *Report) Metrics() map[string]float64 {
	return map[string]float64{
		"precision_at_k": r.Precision, "recall_at_k": r.Recall, "map_at_k": r.MAP,
		"ndcg_at_k": r.NDCG, "hit_rate_at_k": r.HitRate, "coverage_at_k": r.Coverage,
	}
}

// Judge compares the first k of each user's list with what the user did in test,
// events that the model was not fitted on.
func (m *Model) Judge(ctx context.Context, test []Event, k, threads int) (*Report, error) {
	return judge(ctx, test, k, threads, len(m.items), func(user string) []Scored {
		list, _ := m.Recommend(user, k)
		return list
	}, func(user string) bool { _, ok := m.userAt[user]; return ok })
}

// JudgePopular is Judge for lists of what most users did something with, the same
// for all but for what a user has done: what factors must beat.
func (m *Model) JudgePopular(ctx context.Context, test []Event, k, threads int) (*Report, error) {
	return judge(ctx, test, k, threads, len(m.items), func(user string) []Scored {
		if u, ok := m.userAt[user]; ok {
			seen, _ := m.seen.of(u)
			return m.most(seen, k)
		}
		return m.most(nil, k)
	}, func(user string) bool { _, ok := m.userAt[user]; return ok })
}

func judge(ctx context.Context, test []Event, k, threads, items int, lists func(user string) []Scored, known func(user string) bool) (*Report, error) {
	if k < 1 || len(test) == 0 {
		return nil, fmt.Errorf("recommend: lists of %d judged by %d events: want at least 1 of each", k, len(test))
	}
	var users []string
	relevant := map[string]map[string]bool{}
	for _, e := range test {
		if relevant[e.User] == nil {
			relevant[e.User] = map[string]bool{}
			users = append(users, e.User)
		}
		relevant[e.User][e.Item] = true
	}
	each, shown := make([]Report, len(users)), make([][]Scored, len(users))
	err := parallel.Each(ctx, max(1, threads), len(users), func(_, i int) {
		shown[i] = lists(users[i])
		each[i] = judgeList(shown[i], relevant[users[i]], k)
	})
	if err != nil {
		return nil, err
	}
	r := &Report{K: k, Users: len(users)}
	on := map[string]bool{}
	n := float64(len(users))
	for i, one := range each {
		r.Precision += one.Precision / n
		r.Recall += one.Recall / n
		r.MAP += one.MAP / n
		r.NDCG += one.NDCG / n
		r.HitRate += one.HitRate / n
		if !known(users[i]) {
			r.Unknown++
		}
		for _, s := range shown[i] {
			on[s.Item] = true
		}
	}
	r.Coverage = float64(len(on)) / float64(items)
	return r, nil
}

// judgeList judges the list of one user.
func judgeList(list []Scored, relevant map[string]bool, k int) Report {
	var r Report
	hits, gain, ideal := 0.0, 0.0, 0.0
	for place, s := range list[:min(k, len(list))] {
		if relevant[s.Item] {
			hits++
			r.MAP += hits / float64(place+1)
			gain += 1 / portable.Log2(float64(place+2))
		}
	}
	most := min(k, len(relevant))
	for place := range most {
		ideal += 1 / portable.Log2(float64(place+2))
	}
	r.Precision, r.Recall = hits/float64(k), hits/float64(len(relevant))
	r.MAP /= float64(most)
	r.NDCG = gain / ideal
	r.HitRate = math.Min(hits, 1)
	return r
}
