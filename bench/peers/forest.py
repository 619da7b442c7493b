"""scikit-learn's random forest, the peer of bench/forest.

    forest.py make FOLDER   writes the data: 200,000 x 20, two classes
    forest.py fit FOLDER    fits and predicts, and prints what it took as JSON

The data are raw little-endian float64 columns (train.x, test.x) and int32 labels
(train.y, test.y), so that reading them is no part of what is measured.
"""

import json
import pathlib
import sys
import time

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

FEATURES = 20


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    x, y = make_classification(
        n_samples=200_000, n_features=FEATURES, n_informative=10, n_redundant=4, n_classes=2, random_state=0
    )
    for name, rows in (("train", slice(0, 160_000)), ("test", slice(160_000, None))):
        x[rows].T.astype("<f8").tofile(folder / f"{name}.x")
        y[rows].astype("<i4").tofile(folder / f"{name}.y")


def load(folder, name):
    x = np.fromfile(folder / f"{name}.x", "<f8").reshape(FEATURES, -1).T
    return np.ascontiguousarray(x, dtype=np.float32), np.fromfile(folder / f"{name}.y", "<i4")


def fit(folder):
    x, y = load(folder, "train")
    test_x, test_y = load(folder, "test")
    forest = RandomForestClassifier(n_estimators=100, max_depth=10, n_jobs=2, random_state=0)
    start = time.perf_counter()
    forest.fit(x, y)
    fitted = time.perf_counter()
    predicted = forest.predict_proba(test_x)
    done = time.perf_counter()
    one = test_x[:1]
    for _ in range(10):
        forest.predict_proba(one)
    alone = (time.perf_counter() - done) / 10
    accuracy = float((predicted.argmax(axis=1) == test_y).mean())
    print(json.dumps({"fit": fitted - start, "predict": done - fitted, "row": alone, "accuracy": accuracy}))


if __name__ == "__main__":
    {"make": make, "fit": fit}[sys.argv[1]](pathlib.Path(sys.argv[2]))
