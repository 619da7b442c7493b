"""Writes the reference values of the tests, with scikit-learn's HistGradientBoosting:

    python make.py

scores.json: the folds, and the accuracy (of diabetes R2) in each; the data are
those of learn/tree and learn/linear. fits.json: what small ensembles predict on
problems whose feature values are few enough to have a bin each.
"""

import json

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold


def scores():
    out = {}
    for name, load in (("breast_cancer", load_breast_cancer), ("digits", load_digits), ("wine", load_wine), ("diabetes", load_diabetes)):
        data = load()
        fold, score = np.zeros(len(data.target), int), []
        for k, (train, test) in enumerate(KFold(5, shuffle=True, random_state=0).split(data.data)):
            fold[test] = k
            kind = HistGradientBoostingRegressor if name == "diabetes" else HistGradientBoostingClassifier
            score.append(kind(random_state=0, early_stopping=False).fit(data.data[train], data.target[train]).score(data.data[test], data.target[test]))
        out[name] = {"fold": "".join(map(str, fold)), "score": score}
        print(name, np.mean(score))
    with open("scores.json", "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")


def fits():
    rng = np.random.default_rng(0)
    n = 300
    x = (rng.normal(size=(n, 4)) * 16).round() / 16
    value = (2 * x[:, 0] - x[:, 1] ** 2 + x[:, 2] + rng.normal(scale=0.3, size=n)).round(4)
    count = rng.poisson(np.exp(0.5 * x[:, 0] + 0.3 * x[:, 1]))
    two, three = (value > 0).astype(int), np.digitize(value, [-1.0, 0.7])
    weight = rng.uniform(0.1, 3, size=n).round(4)
    holes = x.copy()
    holes[rng.uniform(size=x.shape) < 0.15] = np.nan
    base = {"max_iter": 20, "max_leaf_nodes": 8, "min_samples_leaf": 10, "early_stopping": False}
    cases = []
    for name, target, loss, more, features, weights in (
        ("squared", "value", "squared_error", {}, x, None),
        ("squared, weights", "value", "squared_error", {}, x, weight),
        ("squared, missing values", "value", "squared_error", {}, holes, None),
        ("squared, l2 and depth", "value", "squared_error", {"l2_regularization": 3.0, "max_depth": 2}, x, None),
        ("absolute", "value", "absolute_error", {}, x, None),
        ("poisson", "count", "poisson", {}, x, None),
        ("two classes", "two", "log_loss", {}, x, None),
        ("two classes, weights", "two", "log_loss", {}, x, weight),
        ("two classes, missing values", "two", "log_loss", {}, holes, None),
        ("three classes", "three", "log_loss", {}, x, None),
    ):
        y = {"value": value, "count": count, "two": two, "three": three}[target]
        kind = HistGradientBoostingClassifier if loss == "log_loss" else HistGradientBoostingRegressor
        model = kind(loss=loss, **base, **more).fit(features, y, sample_weight=weights)
        p = model.predict_proba(features) if loss == "log_loss" else model.predict(features)
        cases.append({
            "name": name, "target": target, "loss": loss, "missing": features is holes, "weighted": weights is not None,
            "l2": more.get("l2_regularization", 0), "depth": more.get("max_depth", 0),
            "predicted": [round(float(v), 7) for v in p.ravel()],
        })
    with open("fits.json", "w") as file:
        columns = lambda m: [[None if np.isnan(v) else v for v in col] for col in m.T.tolist()]
        json.dump({
            "x": columns(x), "holes": columns(holes), "value": value.tolist(), "count": count.tolist(),
            "two": two.tolist(), "three": three.tolist(), "weight": weight.tolist(), "cases": cases,
        }, file)
        file.write("\n")


fits()
scores()
