"""LightGBM, XGBoost, scikit-learn's histogram gradient boosting and ONNX Runtime, the peers of bench/boost.

    python -P boost.py make FOLDER FLIGHTS              writes the data of every case
    python -P boost.py fit FOLDER CASE PEER DEPTH       fits and predicts, and prints what it took as JSON

The data are raw little-endian float64 columns (train.x, test.x) and targets (train.y,
test.y), so that reading them is no part of what is measured. FLIGHTS is
flights-3m.parquet of npm's vega-datasets: late by more than 15 minutes is to be told
from the date, the distance and the airports; the first 80 % of the rows are for
training. Every peer gets 2 threads, 100 trees of 31 leaves or of a depth, a learning
rate of .1. ONNX Runtime predicts with the trees of LightGBM. A row alone is predicted by
one thread, by calls of the C API or what comes nearest to them, ready to be made.
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


def lightgbm(depth):
    import lightgbm as lgb

    leaves = {"num_leaves": 2**depth, "max_depth": depth} if depth else {"num_leaves": 31}
    model = lgb.LGBMClassifier(n_estimators=100, learning_rate=0.1, n_jobs=2, verbose=-1, **leaves)
    return model, lambda: lambda x: lambda: model.booster_.predict(x, num_threads=2), lambda row: lightgbm_row(lgb, model.booster_, row)


def lightgbm_row(lgb, booster, row):
    lib, config, n, out = lgb.basic._LIB, ctypes.c_void_p(), ctypes.c_int64(), np.zeros(1)
    row = np.ascontiguousarray(row[0])
    lib.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle, 0, 0, 100, 1, row.size, ctypes.c_char_p(b"num_threads=1"), ctypes.byref(config))
    call = lib.LGBM_BoosterPredictForMatSingleRowFast
    arguments = config, row.ctypes.data_as(ctypes.c_void_p), ctypes.byref(n), out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    return lambda: call(*arguments)


def xgboost(depth):
    import xgboost as xgb

    leaves = {"max_depth": depth} if depth else {"max_leaves": 31, "max_depth": 0, "grow_policy": "lossguide"}
    model = xgb.XGBClassifier(n_estimators=100, learning_rate=0.1, tree_method="hist", n_jobs=2, **leaves)
    return model, lambda: lambda x: lambda: model.get_booster().inplace_predict(x), lambda row: xgboost_row(xgb, model.get_booster(), row)


def xgboost_row(xgb, booster, row):
    booster.set_param({"nthread": 1})
    row = np.ascontiguousarray(row, np.float32)
    values = json.dumps({"data": (row.ctypes.data, True), "shape": row.shape, "typestr": "<f4", "version": 3}).encode()
    config = json.dumps({"type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0, "missing": float("nan"), "strict_shape": False, "cache_id": 0})
    shape, dim, out = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
    call = xgb.core._LIB.XGBoosterPredictFromDense
    arguments = booster.handle, values, config.encode(), None, ctypes.byref(shape), ctypes.byref(dim), ctypes.byref(out)
    expected = float(booster.inplace_predict(row)[0])
    if call(*arguments) != 0 or abs(out[0] - expected) > 1e-6:
        raise RuntimeError(f"XGBoost's C API predicts {out[0]}, want {expected}")
    return lambda: (row, call(*arguments))


def sklearn(depth):
    from sklearn.ensemble import HistGradientBoostingClassifier

    leaves = {"max_leaf_nodes": None, "max_depth": depth} if depth else {"max_leaf_nodes": 31}
    model = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.1, early_stopping=False, **leaves)
    return model, lambda: lambda x: lambda: model.predict_proba(x)[:, 1], lambda row: lambda: model.predict_proba(row)


def onnxruntime(depth):
    import onnxmltools
    import onnxruntime as ort
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = lightgbm(depth)[0]
    written = []

    def session(threads):
        if not written:
            kind = FloatTensorType([None, model.n_features_in_])
            converted = onnxmltools.convert_lightgbm(model, initial_types=[("x", kind)], zipmap=False, target_opset=15)
            for output in converted.graph.output:
                output.type.tensor_type.shape.dim[0].dim_param = "rows"  # which it takes to be 1
            written.append(converted.SerializeToString())
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return ort.InferenceSession(written[0], options, providers=["CPUExecutionProvider"])

    def bound(s, x):
        binding = s.io_binding()
        binding.bind_cpu_input("x", np.ascontiguousarray(x, np.float32))
        for output in s.get_outputs():
            binding.bind_output(output.name)
        return binding

    def many():
        s = session(2)

        def ready(x):
            binding = bound(s, x)

            def run():
                s.run_with_iobinding(binding)
                return binding.copy_outputs_to_cpu()[1][:, 1]

            return run

        return ready

    def one(row):
        s = session(1)
        binding = bound(s, row)
        return lambda: s.run_with_iobinding(binding)

    return model, many, one


def least(times, calls, call):
    """The least time of a call, by the clock and of the processor: what other work on the machine spares."""
    wall, busy = [], []
    for _ in range(times):
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        wall.append(time.perf_counter() - start)
        busy.append(time.process_time() - cpu)
    return min(wall) / calls, min(busy) / calls


def fit(folder, case, peer, depth):
    x, y = load(folder / case, "train")
    test_x, test_y = load(folder / case, "test")
    kinds = {"lightgbm": lightgbm, "xgboost": xgboost, "sklearn": sklearn, "onnxruntime": onnxruntime}
    model, predictor, single = kinds[peer](int(depth))
    start, busy = time.perf_counter(), time.process_time()
    model.fit(x, y)
    fitted, busy = time.perf_counter() - start, time.process_time() - busy
    predict = predictor()
    score = roc_auc_score(test_y, predict(test_x)())
    batch, batch_busy = least(10, 1, predict(test_x[:PREDICTED]))
    row, _ = least(200, 50, single(test_x[:1])) if peer != "sklearn" else least(20, 5, single(test_x[:1]))
    print(json.dumps({"fit": fitted, "busy": busy, "predict": batch, "predict_busy": batch_busy, "row": row, "score": score}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        fit(pathlib.Path(sys.argv[2]), *sys.argv[3:])
