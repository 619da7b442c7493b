"""scikit-learn's forests, the peers of bench/forest.

    python -P forest.py make FOLDER                           writes the data of every case
    python -P forest.py fit FOLDER KIND CASE TREES DEPTH      fits and predicts with the data in a folder, and prints what it took as JSON

A depth of 0 is no limit. Of case mnist, the folder has the files of MNIST. The data are raw little-endian float64 columns (train.x,
test.x) and targets (train.y, test.y), so that reading them is no part of what is
measured: 160,000 rows of 20 features to fit on, 40,000 to predict. Values are float32,
which scikit-learn's trees make of any others.
"""

import json
import pathlib
import sys
import time

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor

FEATURES = 20


def make(folder):
    rows = 200_000
    shape = {"n_samples": rows, "n_features": FEATURES, "n_informative": 10, "n_redundant": 4, "random_state": 0}
    for case, (x, y) in {
        "two": make_classification(n_classes=2, **shape),
        "ten": make_classification(n_classes=10, n_clusters_per_class=1, **shape),
        "value": make_friedman1(rows, FEATURES, noise=1.0, random_state=0),
    }.items():
        (folder / case).mkdir(parents=True, exist_ok=True)
        for name, part in (("train", slice(0, 160_000)), ("test", slice(160_000, None))):
            x[part].T.astype("<f8").tofile(folder / case / f"{name}.x")
            y[part].astype("<f8").tofile(folder / case / f"{name}.y")


def load(folder, name):
    x = np.fromfile(folder / f"{name}.x", "<f8").reshape(FEATURES, -1).T
    return np.ascontiguousarray(x, dtype=np.float32), np.fromfile(folder / f"{name}.y", "<f8")


def images(folder, name):
    name = "t10k" if name == "test" else name
    x = np.fromfile(folder / f"{name}-images-idx3-ubyte", "u1", offset=16).reshape(-1, 784)
    return x.astype(np.float32), np.fromfile(folder / f"{name}-labels-idx1-ubyte", "u1", offset=8)


def least(times, call):
    """The least time of a call, by the clock and of the processor: what other work on the machine spares."""
    costs = []
    for _ in range(times):
        start, busy = time.perf_counter(), time.process_time()
        call()
        costs.append((time.perf_counter() - start, time.process_time() - busy))
    return [min(cost) for cost in zip(*costs)]


def fit(folder, kind, case, trees, depth):
    read = images if case == "mnist" else load
    x, y = read(folder, "train")
    test_x, test_y = read(folder, "test")
    if kind == "isolation_forest":
        forest = IsolationForest(n_estimators=int(trees), n_jobs=2, random_state=0)
    else:
        kinds = {"random_forest": (RandomForestClassifier, RandomForestRegressor), "extra_trees": (ExtraTreesClassifier, ExtraTreesRegressor)}
        forest = kinds[kind][case == "value"](n_estimators=int(trees), max_depth=int(depth) or None, n_jobs=2, random_state=0)
    start, busy = time.perf_counter(), time.process_time()
    forest.fit(x, y)
    fitted, busy = time.perf_counter() - start, time.process_time() - busy
    predict = forest.score_samples if kind == "isolation_forest" else forest.predict if case == "value" else forest.predict_proba
    batch, batch_busy = least(3, lambda: predict(test_x))
    row, _ = least(20, lambda: predict(test_x[:1]))
    score = -float(np.mean(predict(test_x))) if kind == "isolation_forest" else forest.score(test_x, test_y)
    print(json.dumps({"fit": fitted, "busy": busy, "predict": batch, "predict_busy": batch_busy, "row": row, "score": score}))


if __name__ == "__main__":
    {"make": make, "fit": fit}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
