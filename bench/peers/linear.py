"""scikit-learn's linear models, the peers of bench/linear.

    python -P linear.py make FOLDER             writes the data
    python -P linear.py fit FOLDER JOB PEER     fits, and prints what it took and came to as JSON

The data are raw little-endian float64 columns (x) and targets (y, class): 1,000,000 rows of
50 features that depend on each other through 10 others. Every peer gets 2 threads.
"""

import json
import os
import pathlib
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"
# Threads that wait do not spin, or not for long: beside other work on the machine that would only slow it down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

import numpy as np
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge, SGDClassifier

ROWS, FEATURES, FEW = 1_000_000, 50, 100_000


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, FEATURES)) + rng.normal(size=(ROWS, 10)) @ rng.normal(size=(10, FEATURES)) / 2
    x = x * rng.uniform(0.5, 2, FEATURES) + 2 * rng.normal(size=FEATURES)
    score = x @ rng.normal(size=FEATURES)
    score = (score - score.mean()) / score.std()
    x.T.astype("<f8").tofile(folder / "x")
    (1.5 * score + rng.logistic(size=ROWS) > 0.3).astype("<f8").tofile(folder / "class")
    (score + rng.normal(size=ROWS)).astype("<f8").tofile(folder / "y")


def fit(folder, job, peer):
    classes = job in ("logistic", "logistic_l1", "sgd")
    y = np.fromfile(folder / ("class" if classes else "y"), "<f8")
    x = np.ascontiguousarray(np.fromfile(folder / "x", "<f8").reshape(FEATURES, -1).T)
    if job == "logistic_l1":
        x, y = x[:FEW], y[:FEW]
    model = {
        "ridge": lambda: Ridge(1, solver=peer),
        "linear": lambda: LinearRegression(),
        "lasso": lambda: Lasso(0.01),
        "logistic": lambda: LogisticRegression(C=1, solver=peer),
        "logistic_l1": lambda: LogisticRegression(C=0.01, l1_ratio=1, solver=peer, max_iter=1000),
        "sgd": lambda: SGDClassifier(loss="log_loss", alpha=1e-4, max_iter=5, tol=None, random_state=0),
    }[job]()
    start, busy = time.perf_counter(), time.process_time()
    model.fit(x, y)
    took = {"fit": time.perf_counter() - start, "busy": time.process_time() - busy}
    print(json.dumps(took | {"coefficients": np.ravel(model.coef_).tolist(), "intercept": float(np.ravel(model.intercept_)[0])}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]))
    else:
        fit(pathlib.Path(sys.argv[2]), *sys.argv[3:])
