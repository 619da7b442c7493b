"""Writes reference.json: what xgboost and shap say of small models.

    pip install xgboost==3.2.0 shap==0.51.0 scikit-learn==1.9.1
    python make.py > reference.json
"""

import json
import sys

import numpy as np
import shap
import xgboost
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(0)
ROWS, FEATURES, SHOWN, BACKGROUND = 300, 6, 8, 10


def numbers(a):
    """A float32 has at most 9 digits, a float64 17."""
    return [None if np.isnan(v) else float(v) for v in np.asarray(a).ravel()]


def boosted(name, target, params):
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    y = target(np.nan_to_num(x))
    model = xgboost.train({"max_depth": 4, "base_score": 0.5, **params}, xgboost.DMatrix(x, y), 6)
    learner = json.loads(model.save_raw("json"))["learner"]
    forest = learner["gradient_booster"]["model"]
    trees = []
    for raw, output in zip(forest["trees"], forest["tree_info"]):
        left = np.array(raw["left_children"])
        below = np.nextafter(np.array(raw["split_conditions"], np.float32), np.float32(-np.inf))
        trees.append(
            {
                "output": output,
                "feature": np.where(left < 0, -1, raw["split_indices"]).tolist(),
                "threshold": np.where(left < 0, 0, below.astype(float)).tolist(),
                "missingLeft": [bool(d) for d in raw["default_left"]],
                "left": np.maximum(left, 0).tolist(),
                "right": np.maximum(raw["right_children"], 0).tolist(),
                "cover": raw["sum_hessian"],
                "value": np.where(left < 0, np.array(raw["split_conditions"], np.float32).astype(float), 0).tolist(),
            }
        )
    rows = xgboost.DMatrix(x[:SHOWN])
    contributions = model.predict(rows, pred_contribs=True).reshape(SHOWN, -1, FEATURES + 1)
    interactions = model.predict(rows, pred_interactions=True).reshape(SHOWN, -1, FEATURES + 1, FEATURES + 1)
    margins = model.predict(rows, output_margin=True).reshape(SHOWN, -1)
    return {
        "name": name,
        "trees": trees,
        "outputs": contributions.shape[1],
        "x": numbers(x[:SHOWN]),
        "margins": numbers(margins),
        "values": numbers(contributions[:, :, :FEATURES]),
        "interactions": numbers(interactions[:, :, :FEATURES, :FEATURES]),
        "within": 1e-5,
    }


def forest():
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    y = np.digitize(x[:, 0] + x[:, 1] * x[:, 2], [-0.7, 0.7])
    model = RandomForestClassifier(5, max_depth=4, random_state=0).fit(x, y)
    trees = []
    for estimator in model.estimators_:
        t = estimator.tree_
        leaf = t.children_left < 0
        value = np.where(leaf[:, None], t.value[:, 0, :] / len(model.estimators_), 0)
        trees.append(
            {
                "output": -1,
                "feature": np.where(leaf, -1, t.feature).tolist(),
                "threshold": np.where(leaf, 0, t.threshold).tolist(),
                "missingLeft": [False] * len(leaf),
                "left": np.maximum(t.children_left, 0).tolist(),
                "right": np.maximum(t.children_right, 0).tolist(),
                "cover": t.weighted_n_node_samples.tolist(),
                "value": value.ravel().tolist(),
            }
        )
    shown, background = x[:SHOWN], x[-BACKGROUND:]
    path = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    against = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    return {
        "name": "random forest of three classes",
        "trees": trees,
        "outputs": 3,
        "x": numbers(shown),
        "background": numbers(background),
        "margins": numbers(model.predict_proba(shown)),
        "values": numbers(np.moveaxis(path.shap_values(shown), 2, 1)),
        "against": numbers(np.moveaxis(against.shap_values(shown), 2, 1)),
        "interactions": numbers(np.moveaxis(path.shap_interaction_values(shown), 3, 1)),
        "within": 1e-9,
    }


cases = [
    boosted("boosted regression", lambda x: x[:, 0] + x[:, 1] * x[:, 2], {}),
    boosted("boosted, three classes", lambda x: np.digitize(x[:, 0] + x[:, 1] * x[:, 2], [-0.7, 0.7]), {"objective": "multi:softprob", "num_class": 3}),
    forest(),
]
json.dump(cases, sys.stdout, separators=(",", ":"))
