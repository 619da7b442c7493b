"""scikit-learn's random forest, the peer of bench/forest.

    forest.py make FOLDER                      writes the data of every case
    forest.py fit FOLDER CASE TREES DEPTH      fits and predicts, and prints what it took as JSON

A depth of 0 is no limit. The data are raw little-endian float64 columns (train.x,
test.x) and targets (train.y, test.y), so that reading them is no part of what is
measured: 160,000 rows of 20 features to fit on, 40,000 to predict.
"""

import json
import pathlib
import sys
import time

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

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


def fit(folder, case, trees, depth):
    x, y = load(folder / case, "train")
    test_x, test_y = load(folder / case, "test")
    kind = RandomForestRegressor if case == "value" else RandomForestClassifier
    forest = kind(n_estimators=int(trees), max_depth=int(depth) or None, n_jobs=2, random_state=0)
    start, busy = time.perf_counter(), time.process_time()
    forest.fit(x, y)
    fitted, busy = time.perf_counter(), time.process_time() - busy
    predict = forest.predict if case == "value" else forest.predict_proba
    predict(test_x)
    done = time.perf_counter()
    for _ in range(10):
        predict(test_x[:1])
    row = (time.perf_counter() - done) / 10
    score = forest.score(test_x, test_y)
    print(json.dumps({"fit": fitted - start, "busy": busy, "predict": done - fitted, "row": row, "score": score}))


if __name__ == "__main__":
    {"make": make, "fit": fit}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
