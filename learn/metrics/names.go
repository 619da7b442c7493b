package metrics

// Greater says whether a larger value of a metric of a report is the better one;
// known is false where the name is none of a report's.
func Greater(metric string) (greater, known bool) {
	switch metric {
	case "accuracy", "balanced_accuracy", "matthews_corrcoef",
		"precision", "precision_macro", "precision_weighted",
		"recall", "recall_macro", "recall_weighted",
		"f1", "f1_macro", "f1_weighted",
		"roc_auc", "roc_auc_ovr", "roc_auc_ovr_weighted", "average_precision",
		"r2", "explained_variance":
		return true, true
	case "log_loss", "brier", "mse", "rmse", "mae", "median_ae", "max_error":
		return false, true
	}
	return false, false
}
