"""Writes the data sets and the reference values of the tests, with scikit-learn:

    python make.py

breast_cancer.csv, digits.csv, wine.csv: see LICENCE.md. forests.json: the folds,
and in each the accuracy of scikit-learn's forests, or of diabetes R2. trees.json: what single
trees of scikit-learn predict on small problems, whose feature values are few
enough to have a bin each, so that histograms lose nothing. isolation.json and detection.json:
what isolation forests say of rows, and how well they find those of another class.
"""

import json

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def data_sets():
    out = {"random_forest": {}, "extra_trees": {}}
    for name, load in (("breast_cancer", load_breast_cancer), ("digits", load_digits), ("wine", load_wine), ("diabetes", load_diabetes)):
        data = load()
        classes = name != "diabetes"  # which is in ../../linear/testdata
        if classes:
            write(name, data)
        folds = list(KFold(5, shuffle=True, random_state=0).split(data.data))
        fold = np.zeros(len(data.target), int)
        for k, (_, test) in enumerate(folds):
            fold[test] = k
        for kind, make in (
            ("random_forest", RandomForestClassifier if classes else RandomForestRegressor),
            ("extra_trees", ExtraTreesClassifier if classes else ExtraTreesRegressor),
        ):
            score = [make(random_state=0, n_jobs=2).fit(data.data[a], data.target[a]).score(data.data[b], data.target[b]) for a, b in folds]
            out[kind][name] = {"fold": "".join(map(str, fold)), "score": score}
    with open("forests.json", "w") as file:
        json.dump(out, file, indent=1)
        file.write("\n")


def write(name, data):
    names = [str(n).replace(" ", "_") for n in data.feature_names]
    with open(f"{name}.csv", "w") as file:
        file.write(",".join(names + ["target"]) + "\n")
        for row, label in zip(data.data, data.target):
            file.write(",".join([repr(v) if v != int(v) else str(int(v)) for v in map(float, row)]) + f",{data.target_names[label]}\n")


def trees():
    rng = np.random.default_rng(0)
    n = 400
    x = (rng.normal(size=(n, 4)) * 32).round() / 32
    value = (2 * x[:, 0] - x[:, 1] ** 2 + x[:, 2] + rng.normal(scale=0.3, size=n)).round(6)
    classes = {2: (value > 0).astype(int), 3: np.digitize(value, [-1.0, 0.7])}
    weight = rng.integers(1, 5, size=n).astype(float)
    fraction = rng.uniform(0.1, 3, size=n).round(6)
    holes = x.copy()
    holes[rng.uniform(size=x.shape) < 0.15] = np.nan
    cases = []
    for name, params, features, weights in (
        ("depth 4", {"max_depth": 4}, x, None),
        ("leaves of 15", {"max_depth": 5, "min_samples_leaf": 15}, x, None),
        ("splits of 30", {"min_samples_split": 30}, x, None),
        ("impurity decrease", {"min_impurity_decrease": 0.02}, x, None),
        ("whole weights", {"max_depth": 4}, x, weight),
        ("fractional weights", {"max_depth": 4, "min_samples_leaf": 4}, x, fraction),
        ("missing values", {"max_depth": 3, "min_samples_leaf": 15}, holes, None),
    ):
        for k in (2, 3, 0):
            make = DecisionTreeClassifier if k else DecisionTreeRegressor
            fits = [make(random_state=s, **params).fit(features, classes.get(k, value), sample_weight=weights) for s in range(20)]
            predict = lambda tree: (tree.predict_proba(features).ravel() if k else tree.predict(features)).tolist()
            tree = fits[0]
            same = lambda other: np.allclose(predict(other), predict(tree)) and np.allclose(other.feature_importances_, tree.feature_importances_)
            if not all(map(same, fits)):
                print(f"left out, since equally good splits are told apart by chance: {name}, {k} classes")
                continue
            cases.append({
                "name": name,
                "classes": k,
                "params": params,
                "missing": features is holes,
                "weights": None if weights is None else weights.tolist(),
                "leaves": int(tree.get_n_leaves()),
                "importances": tree.feature_importances_.tolist(),
                "predicted": predict(tree),
            })
    # JSON has no NaN: a missing value is null.
    columns = lambda m: [[None if np.isnan(v) else v for v in col] for col in m.T.tolist()]
    with open("trees.json", "w") as file:
        json.dump({
            "x": columns(x), "holes": columns(holes), "value": value.tolist(),
            "two": classes[2].tolist(), "three": classes[3].tolist(), "cases": cases,
        }, file)
        file.write("\n")


def isolation():
    """What isolation forests of 40 seeds say of the rows of breast_cancer.csv, on average."""
    x = load_breast_cancer().data
    i, j = np.indices(x.shape)
    holes = np.where((7 * i + 3 * j) % 11 == 0, np.nan, x)
    cases = []
    for features, params in ((x, {}), (x, {"contamination": 0.1}), (x, {"max_samples": 0.5, "n_estimators": 30}), (x[:2], {}), (holes, {})):
        forests = [IsolationForest(random_state=s, **params).fit(features) for s in range(40)]
        scores = np.array([f.score_samples(features) for f in forests])
        cases.append({
            **params, "rows": len(features), "missing": features is holes,
            "threshold": float(np.mean([f.offset_ for f in forests])),
            "score": scores.mean(0).round(6).tolist(), "deviation": scores.std(0, ddof=1).round(6).tolist(),
        })
    with open("isolation.json", "w") as file:
        json.dump(cases, file)
        file.write("\n")


def detection():
    """How well isolation forests of 40 seeds order the rows of one class, of which a few are kept, against others."""
    cases = []
    for name, load, normal, strays, kept in (
        ("breast_cancer", load_breast_cancer, ("benign",), "malignant", 36),
        ("wine", load_wine, ("class_0", "class_1"), "class_2", 10),
        ("digits", load_digits, ("0",), "9", 18),
    ):
        data = load()
        classes = np.array([str(c) for c in data.target_names])[data.target]
        rows = sorted([*np.flatnonzero(np.isin(classes, normal)), *np.flatnonzero(classes == strays)[:kept]])
        x, stray = data.data[rows], classes[rows] == strays
        scores = [-IsolationForest(random_state=s).fit(x).score_samples(x) for s in range(40)]
        case = {"name": name, "normal": normal, "strays": strays, "kept": kept}
        for metric, of in (("roc_auc", roc_auc_score), ("average_precision", average_precision_score)):
            values = [of(stray, s) for s in scores]
            case[metric] = {"mean": round(np.mean(values), 6), "deviation": round(np.std(values, ddof=1), 6)}
        cases.append(case)
    with open("detection.json", "w") as file:
        json.dump(cases, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    data_sets()
    trees()
    isolation()
    detection()
