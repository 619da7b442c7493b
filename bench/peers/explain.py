"""shap.TreeExplainer and XGBoost's pred_contribs, the peers of bench/explain.

    python -P explain.py make FOLDER           fits the models of every case, and writes their trees
    python -P explain.py explain FOLDER CASE   explains 500 rows, and prints what it took as JSON

Both sides explain the same models: 100 trees of depth 8. A case has model.json (the
trees), x (500 rows of 20 features, float64, row after row) and, once it was
explained, values (rows x features + 1 for the base x outputs, float64).
"""

import json
import pathlib
import pickle
import sys
import time

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier

FEATURES, ROWS, TREES, DEPTH, ROUNDS = 20, 500, 100, 8, 5


def forest_trees(model):
    for tree in model.estimators_:
        t = tree.tree_
        yield {
            "feature": np.where(t.children_left < 0, -1, t.feature).tolist(),
            "threshold": t.threshold.tolist(),
            "left": t.children_left.tolist(),
            "right": t.children_right.tolist(),
            "cover": t.weighted_n_node_samples.tolist(),
            "value": (t.value[:, 0, :] / len(model.estimators_)).ravel().tolist(),
        }


def xgboost_trees(model):
    """XGBoost compares float32 with <: the largest float32 below goes left by <=."""
    for raw in json.loads(model.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]:
        left = np.array(raw["left_children"])
        below = np.nextafter(np.array(raw["split_conditions"], np.float32), np.float32(-np.inf))
        yield {
            "feature": np.where(left < 0, -1, raw["split_indices"]).tolist(),
            "threshold": below.astype(float).tolist(),
            "left": left.tolist(),
            "right": raw["right_children"],
            "cover": raw["sum_hessian"],
            "value": np.where(left < 0, np.array(raw["split_conditions"], np.float32).astype(float), 0).tolist(),
        }


def make(folder):
    import xgboost

    shape = {"n_samples": 20_000, "n_features": FEATURES, "n_informative": 10, "n_redundant": 4, "random_state": 0}
    for case in ("two", "ten", "boosted"):
        if case == "boosted":
            x, y = make_friedman1(20_000, FEATURES, noise=1.0, random_state=0)
        else:
            x, y = make_classification(n_classes=2 if case == "two" else 10, n_clusters_per_class=1, **shape)
        x = x.astype(np.float32)
        train, test = x[:-ROWS], x[-ROWS:]
        if case == "boosted":
            model = xgboost.train({"max_depth": DEPTH, "base_score": 0}, xgboost.DMatrix(train, y[:-ROWS]), TREES)
            trees = list(xgboost_trees(model))
        else:
            model = RandomForestClassifier(TREES, max_depth=DEPTH, n_jobs=2, random_state=0).fit(train, y[:-ROWS])
            trees = list(forest_trees(model))
        out = folder / case
        out.mkdir(parents=True, exist_ok=True)
        (out / "model.json").write_text(json.dumps(trees))
        (out / "model.pickle").write_bytes(pickle.dumps(model))
        test.astype("<f8").tofile(out / "x")


def explain(folder, case):
    """The median of some rounds, in seconds: wall and processor time."""
    model = pickle.loads((folder / case / "model.pickle").read_bytes())
    x = np.fromfile(folder / case / "x", "<f8").reshape(ROWS, FEATURES).astype(np.float32)
    if case == "boosted":
        import xgboost

        model.set_param({"nthread": 2})
        rows = xgboost.DMatrix(x)
        run = lambda: model.predict(rows, pred_contribs=True)[:, :, None]  # noqa: E731
    else:
        import shap

        explainer = shap.TreeExplainer(model)

        def run():
            values = explainer.shap_values(x)
            base = np.broadcast_to(explainer.expected_value, (ROWS, 1, values.shape[2]))
            return np.concatenate([values, base], axis=1)

    wall, cpu = [], []
    for _ in range(ROUNDS):
        start, busy = time.perf_counter(), time.process_time()
        values = run()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    values.astype("<f8").tofile(folder / case / "values")
    print(json.dumps({"fit": sorted(wall)[ROUNDS // 2], "busy": sorted(cpu)[ROUNDS // 2]}))


if __name__ == "__main__":
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "make":
        make(folder)
    else:
        explain(folder, sys.argv[3])
