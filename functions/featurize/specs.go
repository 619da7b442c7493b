package featurize

import "github.com/runnel-dev/runnel/learn/preprocess"

// specs are the transforms of a row, in their order.
func (p Params) specs() []preprocess.Spec {
	var specs []preprocess.Spec
	add(&specs, p.Interactions)
	add(&specs, p.Bins)
	add(&specs, p.Clusters)
	add(&specs, p.DateParts)
	add(&specs, p.Tfidf)
	add(&specs, p.HashText)
	add(&specs, p.OneHot)
	add(&specs, p.Ordinal)
	add(&specs, p.Target)
	add(&specs, p.Frequency)
	specs = append(specs, &p.Auto)
	add(&specs, p.Scale)
	add(&specs, p.PCA)
	return specs
}

func add[T any, S interface {
	*T
	preprocess.Spec
}](specs *[]preprocess.Spec, list []T) {
	for i := range list {
		*specs = append(*specs, S(&list[i]))
	}
}
