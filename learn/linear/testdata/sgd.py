"""Writes sgd.json: what scikit-learn's SGDClassifier and SGDRegressor find for data of sklearn.json, row after row in their order."""
import json
import pathlib
import warnings

import numpy as np
from sklearn.linear_model import SGDClassifier, SGDRegressor

warnings.simplefilter("ignore")
here = pathlib.Path(__file__)
sets = json.loads(here.with_name("sklearn.json").read_text())["data"]
cases = []


def case(name, weighted=False, batches=1, **params):
    d = sets[name]
    ofClasses = params["loss"] in ("log_loss", "hinge", "modified_huber")
    x, y = np.array(d["x"]), np.array(d["labels" if ofClasses else "values"])
    w = np.array(d["weights"]) if weighted else np.ones(len(y))
    ratio = params.get("l1_ratio", 0)
    theirs = {"shuffle": False, "penalty": "elasticnet" if 0 < ratio < 1 else "l1" if ratio else "l2"}
    for k, v in params.items():
        theirs[{"tolerance": "tol", "patience": "n_iter_no_change", "no_intercept": "fit_intercept"}.get(k, k)] = v
    theirs["fit_intercept"] = not params.get("no_intercept", False)
    if not 0 < ratio < 1:
        theirs.pop("l1_ratio", None)
    if not ofClasses:
        theirs.pop("class_weight", None)
    m = (SGDClassifier if ofClasses else SGDRegressor)(**theirs)
    if batches == 1:
        m.fit(x, y, sample_weight=w)
    else:
        for part in np.array_split(np.arange(len(y)), batches):
            extra = {"classes": np.arange(d["classes"])} if ofClasses else {}
            m.partial_fit(x[part], y[part], sample_weight=w[part], **extra)
    predictions = m.predict(x[:12])
    if params["loss"] in ("log_loss", "modified_huber"):
        predictions = m.predict_proba(x[:12])
    elif ofClasses:
        predictions = []
    cases.append({
        "data": name, "kind": "sgd", "params": {"no_shuffle": True} | params, "weighted": weighted, "batches": batches, "rounds": int(m.n_iter_),
        "coefficients": np.atleast_2d(m.coef_), "intercepts": np.atleast_1d(m.intercept_), "predictions": np.ravel(predictions),
    })


for name in ("plain", "three classes", "one-hot and a constant"):
    for weighted in (False, True):
        for loss in ("log_loss", "hinge", "modified_huber", "squared_error", "huber", "epsilon_insensitive"):
            common = {"loss": loss, "max_iter": 7, "tolerance": 1e-3, "patience": 7}
            for ratio in (0, 0.4, 1):  # the optimal rate's first steps are too long for losses of values
                rate = "constant" if loss in ("squared_error", "huber", "epsilon_insensitive") else "optimal"
                case(name, weighted, alpha=0.05, l1_ratio=ratio, learning_rate=rate, eta0=0.03, **common)
            case(name, weighted, alpha=0.001, learning_rate="invscaling", eta0=0.05, power_t=0.4, **common)
            case(name, weighted, alpha=0.001, l1_ratio=1, learning_rate="constant", eta0=0.02, **common)
            case(name, weighted, alpha=0.001, learning_rate="constant", eta0=0.02, batches=3, loss=loss)
        case(name, weighted, alpha=0.01, learning_rate="optimal", no_intercept=True, **common | {"loss": "log_loss"})
    # To the end.
    for loss in ("log_loss", "squared_error"):
        case(name, loss=loss, alpha=0.001, learning_rate="adaptive", eta0=0.01, max_iter=2000, tolerance=1e-3, patience=5)
        case(name, loss=loss, alpha=0.001, learning_rate="invscaling", eta0=0.01, power_t=0.25, max_iter=1000, tolerance=1e-3, patience=5)
    case(name, loss="log_loss", alpha=0.01, learning_rate="constant", eta0=0.01, max_iter=7, tolerance=1e-3, patience=7, class_weight="balanced")

here.with_name("sgd.json").write_text(json.dumps({"cases": cases}, default=lambda a: a.tolist()) + "\n")
