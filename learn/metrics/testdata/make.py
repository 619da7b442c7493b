"""Writes sklearn.json: values of scikit-learn's metrics for the package's test."""
import json
import pathlib
import warnings

import numpy as np
import sklearn.metrics as m
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)


def classification(name, y, p, w=None, note=""):
    y, p = np.asarray(y), np.asarray(p, dtype=float)
    k = p.shape[1]
    hat = p.argmax(axis=1)
    kw = dict(sample_weight=w)
    z = dict(zero_division=0, **kw)
    want = {
        "accuracy": m.accuracy_score(y, hat, **kw),
        "balanced_accuracy": m.balanced_accuracy_score(y, hat, **kw),
        "matthews_corrcoef": m.matthews_corrcoef(y, hat, **kw),
        "log_loss": m.log_loss(y, p, labels=range(k), **kw),
        "brier": m.brier_score_loss(y, p, labels=range(k), **kw),
    }
    for avg in ("macro", "weighted"):
        want["precision_" + avg] = m.precision_score(y, hat, average=avg, **z)
        want["recall_" + avg] = m.recall_score(y, hat, average=avg, **z)
        want["f1_" + avg] = m.f1_score(y, hat, average=avg, **z)
    present = len(np.unique(y))
    if k == 2:
        want["precision"] = m.precision_score(y, hat, **z)
        want["recall"] = m.recall_score(y, hat, **z)
        want["f1"] = m.f1_score(y, hat, **z)
        want["average_precision"] = m.average_precision_score(y, p[:, 1], **kw)
        if present == 2:
            want["roc_auc"] = m.roc_auc_score(y, p[:, 1], **kw)
    elif present > 1:
        # A class absent from y has no area and does not count.
        auc, support = [], []
        for c in range(k):
            if (y == c).any():
                auc.append(m.roc_auc_score(y == c, p[:, c], **kw))
                support.append(((y == c) * (1 if w is None else w)).sum())
        want["roc_auc"] = want["roc_auc_ovr"] = np.mean(auc)
        want["roc_auc_ovr_weighted"] = np.average(auc, weights=support)
        if present == k:
            assert np.isclose(want["roc_auc_ovr"], m.roc_auc_score(y, p, multi_class="ovr", **kw))
            assert np.isclose(want["roc_auc_ovr_weighted"],
                              m.roc_auc_score(y, p, multi_class="ovr", average="weighted", **kw))
    per = m.precision_recall_fscore_support(y, hat, labels=range(k), **z)
    out = {
        "name": name, "y": y, "p": p.ravel(), "classes": k, "w": w, "want": want,
        "per_class": np.array(per[:3] + (np.zeros(k) if per[3] is None else per[3],)).T,
        "confusion": m.confusion_matrix(y, hat, labels=range(k), **kw),
    }
    if k == 2 and w is None and present == 2:
        out["calibration"] = np.array(calibration_curve(y, p[:, 1], n_bins=10)).T
        fpr, tpr, _ = m.roc_curve(y, p[:, 1], drop_intermediate=False)
        out["roc"] = np.array([fpr, tpr]).T
    return out


def regression(name, y, hat, w=None):
    y, hat = np.asarray(y, dtype=float), np.asarray(hat, dtype=float)
    kw = dict(sample_weight=w)
    want = {
        "r2": m.r2_score(y, hat, **kw), "mse": m.mean_squared_error(y, hat, **kw),
        "rmse": m.root_mean_squared_error(y, hat, **kw), "mae": m.mean_absolute_error(y, hat, **kw),
        "explained_variance": m.explained_variance_score(y, hat, **kw),
        "median_ae": m.median_absolute_error(y, hat), "max_error": m.max_error(y, hat),
    }
    return {"name": name, "y": y, "p": hat, "w": w, "want": {k: v for k, v in want.items() if np.isfinite(v)}}


def softmax(n, k, scale=None):
    p = np.exp(rng.normal(size=(n, k))) * (np.ones(k) if scale is None else scale)
    return p / p.sum(axis=1, keepdims=True)


def tenths(n, k):
    return rng.multinomial(10, np.ones(k) / k, size=n) / 10


def two(p1):
    p1 = np.asarray(p1, dtype=float)
    return np.stack([1 - p1, p1], axis=1)


w50 = rng.uniform(0, 3, size=50)
w50[:5] = 0
cases = {
    "classification": [
        classification("binary", rng.integers(0, 2, 60), softmax(60, 2)),
        classification("binary with ties", rng.integers(0, 2, 60), two(rng.integers(0, 4, 60) / 4)),
        classification("binary with weights", rng.integers(0, 2, 50), two(rng.integers(0, 9, 50) / 8), w50),
        classification("all scores equal", [0, 1, 1, 0, 1], two([0.5] * 5)),
        classification("certain and wrong", [0, 1, 1], two([1, 0, 1])),
        classification("only the negative class in y", [0, 0, 0, 0], two([0.1, 0.7, 0.4, 0.2])),
        classification("only the positive class in y", [1, 1, 1], two([0.1, 0.7, 0.4])),
        classification("perfect", [0, 1, 1, 0], two([0, 1, 0.9, 0.2])),
        classification("one row", [1], two([0.3])),
        classification("three classes", rng.integers(0, 3, 80), softmax(80, 3)),
        classification("three classes with ties", rng.integers(0, 3, 80), tenths(80, 3)),
        classification("three classes with weights", rng.integers(0, 3, 50), softmax(50, 3), w50),
        classification("a class absent from y, predicted", rng.choice([0, 2], 40), softmax(40, 3)),
        classification("a class absent from y and predictions", rng.choice([0, 2], 40),
                       softmax(40, 3, [1, 0.01, 1])),
        classification("three classes, one in y", [1] * 6, softmax(6, 3)),
        classification("a class never predicted", rng.integers(0, 4, 60), softmax(60, 4, [1, 1, 1, 0.01])),
    ],
    "regression": [
        regression("plain", rng.normal(size=41), rng.normal(size=41)),
        regression("even rows, weights", rng.normal(size=50) + 1e4, rng.normal(size=50) + 1e4, w50),
        regression("constant y, perfect", [3, 3, 3], [3, 3, 3]),
        regression("constant y, wrong", [3, 3, 3], [3, 2, 3]),
        regression("constant offset", [1, 2, 3, 4], [2, 3, 4, 5]),
        regression("one row", [1.5], [1]),
    ],
}
path = pathlib.Path(__file__).with_name("sklearn.json")
path.write_text(json.dumps(cases, default=lambda a: a.tolist()) + "\n")
