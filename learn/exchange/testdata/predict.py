"""Predicts rows with a model file in the library that it is for.

python predict.py lightgbm|xgboost|onnx|mlflow ROWS MODEL..., where ROWS is a JSON
file of {"columns": [[name, type], ...], "rows": [[...], ...]}. Prints, for each
model, a list of what it predicts of each row: a number, or the probability of
each class.
"""
import json
import sys

import numpy as np
import pandas as pd


def frame(path):
    doc = json.load(open(path))
    names = [name for name, _ in doc["columns"]]
    df = pd.DataFrame(doc["rows"], columns=names, dtype=object)
    kinds = dict(doc["columns"])
    for name in names:
        if kinds[name] != "string":
            df[name] = df[name].astype(float)
    return df, kinds


def trees(df, kinds, names):
    df = df[names].copy()
    for name in names:
        if kinds[name] == "string":
            df[name] = df[name].astype("category")
    return df


def lightgbm(path, df, kinds):
    import lightgbm as lgb
    b = lgb.Booster(model_file=path)
    return b.predict(trees(df, kinds, b.feature_name()))


def xgboost(path, df, kinds):
    import xgboost as xgb
    b = xgb.Booster(model_file=path)
    return b.predict(xgb.DMatrix(trees(df, kinds, b.feature_names), enable_categorical=True))


def onnx(path, df, kinds):
    import onnxruntime as ort
    s = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    feeds = {}
    types = {"tensor(double)": np.float64, "tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": bool}
    inputs = s.get_inputs()
    if len(inputs) == 1 and inputs[0].name not in df:
        feeds[inputs[0].name] = df.to_numpy(dtype=types[inputs[0].type])
    else:
        for i in inputs:
            v = df[i.name]
            if i.type == "tensor(string)":
                v = v.map(lambda x: "" if x is None or x != x else str(x)).to_numpy(dtype=object)
            else:
                v = v.to_numpy(dtype=types[i.type])
            feeds[i.name] = v.reshape(-1, 1)
    return s.run(None, feeds)[-1]


def mlflow(path, df, kinds):
    import mlflow.pyfunc
    for name, kind in kinds.items():
        if kind == "string":
            df[name] = df[name].map(lambda x: "" if x is None or x != x else str(x)).astype(object)  # as ONNX Runtime takes texts
    m = mlflow.pyfunc.load_model(path)
    out = m.predict(df[m.metadata.get_input_schema().input_names()])
    return out[[c for c in out if c != "label"]].to_numpy()


if __name__ == "__main__":
    predict = {"lightgbm": lightgbm, "xgboost": xgboost, "onnx": onnx, "mlflow": mlflow}[sys.argv[1]]
    out = []
    for path in sys.argv[3:]:
        try:
            out.append(np.asarray(predict(path, *frame(sys.argv[2])), dtype=float).tolist())
        except Exception as e:
            out.append(str(e)[:2000])
    json.dump(out, sys.stdout)
