"""Writes scores.json: what scikit-learn's MLPs reach, by the parameters that runnel's
networks have by default, on rows of every fifth place, learning from the others.

    pip install scikit-learn pandas && python scores.py
"""

import json
import warnings

import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore")
scores = {}
for name, file, model in (
    ("digits", "../../tree/testdata/digits.csv", MLPClassifier),
    ("wine", "../../tree/testdata/wine.csv", MLPClassifier),
    ("breast_cancer", "../../tree/testdata/breast_cancer.csv", MLPClassifier),
    ("diabetes", "../../linear/testdata/diabetes.csv", MLPRegressor),
):
    d = pd.read_csv(file, comment="#")
    x, y = d.iloc[:, :-1].to_numpy(float), d.iloc[:, -1].to_numpy()
    at, right, truth = np.arange(len(y)), [], []
    for fold in range(5):
        test = at % 5 == fold
        target = y if model is MLPClassifier else (y - y[~test].mean()) / y[~test].std()
        m = make_pipeline(StandardScaler(), model(max_iter=100, n_iter_no_change=1000, random_state=fold))
        p = m.fit(x[~test], target[~test]).predict(x[test])
        if model is MLPClassifier:
            right.append((p == y[test]).mean())
        else:
            right.append(1 - ((p - target[test]) ** 2).sum() / ((target[test] - target[test].mean()) ** 2).sum())
    scores[name] = {"mean": np.mean(right), "error": np.std(right, ddof=1) / 5**0.5}
with open("scores.json", "w") as f:
    json.dump(scores, f, indent=1)
print(scores)
