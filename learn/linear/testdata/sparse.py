"""Writes sparse.json: what scikit-learn finds for the data of sklearn.json with penalties on the coefficients' sizes."""
import json
import pathlib
import warnings

import numpy as np
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression

warnings.simplefilter("ignore")
here = pathlib.Path(__file__)
sets = json.loads(here.with_name("sklearn.json").read_text())["data"]
cases = []


def case(name, kind, params, model, weighted):
    d = sets[name]
    x, y = np.array(d["x"]), np.array(d["labels" if kind == "logistic" else "values"])
    w = np.array(d["weights"]) if weighted else np.ones(len(y))
    if kind != "logistic":
        w = w / w.sum() * len(w)
    model.fit(x, y, sample_weight=w if weighted else None)
    predict = model.predict_proba if kind == "logistic" else model.predict
    cases.append({
        "data": name, "kind": kind, "params": params, "weighted": weighted,
        "coefficients": np.atleast_2d(model.coef_), "intercepts": np.atleast_1d(model.intercept_),
        "predictions": predict(x)[:12].ravel(),
    })
    if kind != "logistic":
        return
    # The optimum, by its conditions: how hard the loss pulls at each coefficient.
    k = max(y) + 1
    if params.get("class_weight"):
        w = w * (w.sum() / k / np.bincount(y, w))[y]
    off = w[:, None] * (model.predict_proba(x) - (y[:, None] == np.arange(k)))
    off = off[:, -len(model.coef_):]
    ratio, coef = params["l1_ratio"], model.coef_
    pull = -params["c"] * off.T @ x - (1 - ratio) * coef
    miss = np.where(coef == 0, np.maximum(0, np.abs(pull) - ratio), np.abs(pull - ratio * np.sign(coef)))
    short = miss.max()
    if not params.get("no_intercept"):
        short = max(short, np.abs(off.sum(axis=0)).max())
    if not short < 1e-6:  # saga does not come to an end with some weights, nor to the intercept if that is all there is
        print("left out:", name, params, weighted, "misses the optimum by", short)
        cases.pop()


for name in sets:
    for weighted in (False, True):
        scale = np.std(sets[name]["values"])
        for share in (0.5, 0.05, 0.001):
            alpha = float(np.format_float_scientific(share * scale, 3))
            tight = dict(tol=1e-14, max_iter=3_000_000)
            case(name, "lasso", {"alpha": alpha}, Lasso(alpha, **tight), weighted)
            case(name, "elastic_net", {"alpha": alpha, "l1_ratio": 0.3}, ElasticNet(alpha, l1_ratio=0.3, **tight), weighted)
    case(name, "lasso", {"alpha": alpha, "no_intercept": True}, Lasso(alpha, fit_intercept=False, **tight), False)
    case(name, "elastic_net", {"alpha": alpha, "l1_ratio": 0.9, "no_intercept": True}, ElasticNet(alpha, l1_ratio=0.9, fit_intercept=False, **tight), False)


def saga(**params):
    return LogisticRegression(solver="saga", tol=1e-13, max_iter=200_000, random_state=0, **params)


# Without features of other scales and close to dependent ones, with which its solver does not come to an end.
for name in ("plain", "three classes", "one-hot and a constant", "wide"):
    for weighted in (False, True):
        for ratio in (1, 0.4):
            for c in (1, 0.05, 20):
                case(name, "logistic", {"c": c, "l1_ratio": ratio}, saga(C=c, l1_ratio=ratio), weighted)
        case(name, "logistic", {"c": 1, "l1_ratio": 0.7, "class_weight": "balanced"}, saga(C=1, l1_ratio=0.7, class_weight="balanced"), weighted)
    case(name, "logistic", {"c": 1, "l1_ratio": 1, "no_intercept": True}, saga(C=1, l1_ratio=1, fit_intercept=False), False)

here.with_name("sparse.json").write_text(json.dumps({"cases": cases}, default=lambda a: a.tolist()) + "\n")
