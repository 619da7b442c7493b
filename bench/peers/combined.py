"""The peers of bench/combined: scikit-learn's calibration, votes and stackings, and FLAML's AutoML.

    python -P combined.py make FOLDER FLIGHTS          writes the data: rows of two classes, and a part of FLIGHTS, a CSV file
    python -P combined.py fit FOLDER JOB               fits on the training rows, and predicts the others
    python -P combined.py auto FOLDER TRIALS SECONDS   FLAML on the flights, so many trials or seconds (0: without a limit)
    python -P combined.py judge FOLDER FILE            the quality of the column probability_true of a CSV file

Each prints JSON, and works on one thread. Times are of fit and predict alone, busy that of all threads and
processes. The data are raw little-endian float64 columns (x) and targets (y) of
5,000 rows, the first 4,000 of them to learn from.
"""

import json
import os
import pathlib
import resource
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for each other would count as work

import numpy as np  # noqa: E402

TRAIN, TARGET = 4_000, "late"


def make(folder, flights):
    import pandas as pd
    from sklearn.datasets import make_classification

    folder.mkdir(parents=True, exist_ok=True)
    x, y = make_classification(5_000, 20, n_informative=10, n_redundant=4, n_clusters_per_class=1, flip_y=0.1, class_sep=0.6, random_state=0)
    x.astype(np.float32).T.astype("<f8").tofile(folder / "x")
    y.astype("<f8").tofile(folder / "y")
    rows = pd.read_csv(flights).dropna(subset=[TARGET]).sample(20_000, random_state=0)
    rows[:10_000].to_csv(folder / "train.csv", index=False)
    rows[10_000:].to_csv(folder / "test.csv", index=False)


def load(folder):
    y = np.fromfile(folder / "y", "<f8").astype(int)
    x = np.fromfile(folder / "x", "<f8").reshape(-1, len(y)).T
    return np.ascontiguousarray(x, dtype=np.float32), y


def busy():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def estimator(job):
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    forest = RandomForestClassifier(100, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    if job in ("sigmoid", "isotonic"):
        return CalibratedClassifierCV(forest, method=job, cv=5, ensemble=False)
    members = [("forest", forest), ("boosting", HistGradientBoostingClassifier(early_stopping=False, random_state=0)), ("linear", linear)]
    if job == "voting":
        return VotingClassifier(members, voting="soft")
    return StackingClassifier(members, final_estimator=linear, cv=5)


def quality(y, p):
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    return {"loss": log_loss(y, p), "accuracy": accuracy_score(y, p.argmax(1)), "auc": roc_auc_score(y, p[:, 1])}


def fit(folder, job):
    x, y = load(folder)
    model = estimator(job)
    start, used = time.perf_counter(), busy()
    p = model.fit(x[:TRAIN], y[:TRAIN]).predict_proba(x[TRAIN:])
    print(json.dumps({"wall": time.perf_counter() - start, "busy": busy() - used, **quality(y[TRAIN:], p)}))


def auto(folder, trials, seconds):
    import logging

    import pandas as pd
    from flaml import AutoML

    logging.disable(logging.WARNING)
    train, test = (pd.read_csv(folder / name, parse_dates=["date"]) for name in ("train.csv", "test.csv"))
    model = AutoML()
    start, used = time.perf_counter(), busy()
    model.fit(
        X_train=train.drop(columns=TARGET), y_train=train[TARGET].astype(int), task="classification", metric="log_loss",
        estimator_list=["lgbm", "rf", "extra_tree", "lrl1"], eval_method="cv", n_splits=5, ensemble=True, n_jobs=1, seed=0, verbose=0,
        max_iter=trials or None, time_budget=seconds or -1,
    )  # fmt: skip
    p = model.predict_proba(test.drop(columns=TARGET))
    tried = len(model.config_history) if not trials else trials
    print(json.dumps({"wall": time.perf_counter() - start, "busy": busy() - used, "trials": tried, **quality(test[TARGET].astype(int), p)}))


def judge(folder, file):
    import pandas as pd

    y, p = pd.read_csv(folder / "test.csv")[TARGET].astype(int), pd.read_csv(file)["probability_true"].to_numpy()
    print(json.dumps(quality(y, np.column_stack([1 - p, p]))))


if __name__ == "__main__":
    command, folder, rest = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    if command == "make":
        make(folder, *rest)
    elif command == "fit":
        fit(folder, *rest)
    elif command == "auto":
        auto(folder, int(rest[0]), float(rest[1]))
    else:
        judge(folder, *rest)
