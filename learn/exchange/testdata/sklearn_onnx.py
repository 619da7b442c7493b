"""Makes the ONNX models of scikit-learn that the tests read, by skl2onnx, and what
ONNX Runtime predicts of rows: python sklearn_onnx.py (see requirements.txt).
"""
import json
import os

import numpy as np
import onnxruntime as ort
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from trees import HERE, cells

RNG = np.random.default_rng(11)
N = 300


def save(name, model, x, types, zipmap=False):
    final = model.steps[-1][1] if hasattr(model, "steps") else model
    options = {id(final): {"zipmap": zipmap}} if hasattr(final, "classes_") else None
    o = to_onnx(model, initial_types=types, options=options, target_opset={"": 17, "ai.onnx.ml": 3})
    data = o.SerializeToString()
    with open(os.path.join(HERE, name + ".onnx"), "wb") as f:
        f.write(data)
    rows = x.sample(30, random_state=2).reset_index(drop=True)
    if len(types) == 1:
        rows.columns = [f"{types[0][0]}_{i}" for i in range(rows.shape[1])]
        feeds = {types[0][0]: rows.to_numpy(dtype=np.float32)}
    else:
        feeds = {}
        for n, t in types:
            v = rows[n]
            feeds[n] = (v.to_numpy(dtype=object) if isinstance(t, StringTensorType) else v.to_numpy(dtype=np.float32)).reshape(-1, 1)
    out = ort.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, feeds)[-1]
    if zipmap:
        out = [[r[k] for k in sorted(r)] for r in out]
    with open(os.path.join(HERE, name + ".onnx.rows.json"), "w") as f:
        json.dump({"columns": list(rows.columns), "rows": cells(rows), "predictions": np.asarray(out, dtype=float).tolist()}, f)
        f.write("\n")


def main():
    x = pd.DataFrame(RNG.normal(size=(N, 4)).astype(np.float32), columns=list("abcd"))
    s = x["a"] - 2 * x["b"] * (x["c"] > 0) + 0.3 * x["d"]
    two, three = np.where(s > 0, "yes", "no"), pd.cut(s, [-99, -0.5, 0.8, 99], labels=False).to_numpy()
    gaps = x.mask(RNG.uniform(size=x.shape) < 0.15)
    numbers = [("X", FloatTensorType([None, 4]))]
    few = {"n_estimators": 5, "max_depth": 3, "random_state": 0}
    save("logistic", make_pipeline(StandardScaler(), LogisticRegression()).fit(x, two), x, numbers)
    save("softmax", make_pipeline(MinMaxScaler(), LogisticRegression()).fit(x, three), x, numbers, zipmap=True)
    save("ridge", make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), Ridge()).fit(gaps, s), gaps, numbers)
    save("elastic", ElasticNet(alpha=0.1).fit(x, s), x, numbers)
    save("forest", RandomForestClassifier(**few).fit(x, three), x, numbers)
    save("forest2", RandomForestClassifier(**few).fit(x, two), x, numbers)
    save("extra", ExtraTreesRegressor(**few).fit(x, s), x, numbers)
    # skl2onnx has no trees of rows with missing values that ONNX Runtime loads for
    # this scikit-learn: those that runnel writes are tested instead.
    save("tree", DecisionTreeClassifier(max_depth=3).fit(x, three), x, numbers)
    save("boosting", GradientBoostingClassifier(**few).fit(x, two), x, numbers)
    save("boosting3", GradientBoostingClassifier(**few).fit(x, three), x, numbers)
    save("boosted", GradientBoostingRegressor(**few).fit(x, s), x, numbers)
    save("mlp", make_pipeline(StandardScaler(), MLPClassifier((6, 4), max_iter=60, random_state=0)).fit(x, three), x, numbers)
    save("mlp2", MLPClassifier((5,), activation="tanh", max_iter=60, random_state=0).fit(x, two), x, numbers)
    save("mlpr", MLPRegressor(hidden_layer_sizes=(5,), max_iter=60, random_state=0).fit(x, s), x, numbers)
    save("normalizer", make_pipeline(Normalizer(), Ridge()).fit(x, s), x, numbers)
    mixed = x.assign(town=np.array(["Bern", "Rome", "Oslo"])[RNG.integers(0, 3, N)], size=np.array(["S", "M", "L"])[RNG.integers(0, 3, N)])
    types = [(c, StringTensorType([None, 1]) if c in ("town", "size") else FloatTensorType([None, 1])) for c in mixed]
    encode = ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), list("abcd")), ("o", OneHotEncoder(handle_unknown="ignore"), ["town"]),
                                ("r", OrdinalEncoder(categories=[["S", "M", "L"]]), ["size"])])
    y = (s + (mixed["town"] == "Rome") - (mixed["size"] == "L") > 0).astype(int)
    save("mixed", make_pipeline(encode, LogisticRegression()).fit(mixed, y), mixed, types)
    save("kmeans", make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)).fit(x), x, numbers)
    save("pca", make_pipeline(StandardScaler(), PCA(2), LogisticRegression()).fit(x, three), x, numbers)
    save("svd", make_pipeline(TruncatedSVD(3), RandomForestClassifier(**few)).fit(x, two), x, numbers)
    save("mixed_trees", make_pipeline(encode, RandomForestClassifier(**few)).fit(mixed, y), mixed, types)


if __name__ == "__main__":
    main()
