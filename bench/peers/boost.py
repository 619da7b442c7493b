"""LightGBM, XGBoost and scikit-learn's histogram gradient boosting, the peers of bench/learn.

    python -P boost.py make FOLDER FLIGHTS              writes the data of every case
    python -P boost.py fit FOLDER CASE PEER             fits and predicts, and prints what it took as JSON

The data are raw little-endian float64 columns (train.x, test.x) and targets (train.y,
test.y), so that reading them is no part of what is measured. FLIGHTS is
flights-3m.parquet of npm's vega-datasets: late by more than 15 minutes is to be told
from the date, the distance and the airports; the first 80 % of the rows are for
training. Every peer gets 2 threads, 100 trees of 31 leaves, a learning rate of .1.
"""

import ctypes
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
# Threads that wait do not spin: beside other work on the machine that would only slow the peers down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from sklearn.metrics import roc_auc_score

PREDICTED = 100_000


def make(folder, flights):
    import pandas as pd
    from sklearn.datasets import make_classification

    def write(case, x, y, train):
        (folder / case).mkdir(parents=True, exist_ok=True)
        for name, part in (("train", slice(0, train)), ("test", slice(train, None))):
            x[part].T.astype("<f8").tofile(folder / case / f"{name}.x")
            y[part].astype("<f8").tofile(folder / case / f"{name}.y")

    x, y = make_classification(n_samples=260_000, n_features=20, n_informative=10, n_redundant=4, random_state=0)
    write("synthetic", x, y, 160_000)
    if flights.exists():
        d = pd.read_parquet(flights)
        when = d["date"].dt
        codes = lambda c: d[c].astype("category").cat.codes
        x = np.stack([when.month, when.day, when.day_of_week, when.hour * 60 + when.minute, d["distance"], codes("origin"), codes("destination")], axis=1)
        write("flights", x, (d["delay"] > 15).to_numpy(), len(d) * 8 // 10)


def load(folder, name):
    y = np.fromfile(folder / f"{name}.y", "<f8")
    return np.ascontiguousarray(np.fromfile(folder / f"{name}.x", "<f8").reshape(-1, len(y)).T), y


def lightgbm():
    import lightgbm as lgb

    model = lgb.LGBMClassifier(n_estimators=100, num_leaves=31, learning_rate=0.1, n_jobs=2, verbose=-1)
    return model, lambda x: model.booster_.predict(x, num_threads=2), lambda row: one_row(lgb, model.booster_, row)


def one_row(lgb, booster, row):
    """Calls LightGBM's fast single-row prediction without what Python adds."""
    lib, config, n, out = lgb.basic._LIB, ctypes.c_void_p(), ctypes.c_int64(), np.zeros(1)
    row = np.ascontiguousarray(row[0])
    lib.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle, 0, 0, 100, 1, row.size, ctypes.c_char_p(b"num_threads=1"), ctypes.byref(config))
    call = lib.LGBM_BoosterPredictForMatSingleRowFast
    arguments = config, row.ctypes.data_as(ctypes.c_void_p), ctypes.byref(n), out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    return lambda: call(*arguments)


def xgboost():
    import xgboost as xgb

    model = xgb.XGBClassifier(n_estimators=100, max_leaves=31, max_depth=0, grow_policy="lossguide", learning_rate=0.1, tree_method="hist", n_jobs=2)
    return model, lambda x: model.get_booster().inplace_predict(x), lambda row: lambda: model.get_booster().inplace_predict(row)


def sklearn():
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, learning_rate=0.1, early_stopping=False)
    return model, lambda x: model.predict_proba(x)[:, 1], lambda row: lambda: model.predict_proba(row)


def fit(folder, case, peer):
    x, y = load(folder / case, "train")
    test_x, test_y = load(folder / case, "test")
    model, predict, single = {"lightgbm": lightgbm, "xgboost": xgboost, "sklearn": sklearn}[peer]()
    start, busy = time.perf_counter(), time.process_time()
    model.fit(x, y)
    fitted, busy = time.perf_counter() - start, time.process_time() - busy
    score = roc_auc_score(test_y, predict(test_x))
    many = test_x[:PREDICTED]
    start, batch = time.perf_counter(), time.process_time()
    predict(many)
    took, batch = time.perf_counter() - start, time.process_time() - batch
    call, rows = single(test_x[:1]), []
    for _ in range(50):  # the best of some, which other work on the machine spares
        start = time.perf_counter()
        for _ in range(10):
            call()
        rows.append((time.perf_counter() - start) / 10)
    row = min(rows)
    print(json.dumps({"fit": fitted, "busy": busy, "predict": took, "predict_busy": batch, "row": row, "score": score}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        fit(pathlib.Path(sys.argv[2]), *sys.argv[3:])
