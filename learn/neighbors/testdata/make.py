"""Writes sklearn.json: rows, and what scikit-learn's nearest neighbours predict for others."""
import json
import pathlib

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

rng = np.random.default_rng(0)
cases = []
for k, weights, features in ((5, "uniform", 3), (3, "distance", 3), (1, "uniform", 6), (40, "distance", 2)):
    x, more = rng.normal(size=(60, features)).round(4), rng.normal(size=(20, features)).round(4)
    more[:3] = x[:3]  # distances of 0
    labels, values = rng.integers(0, 3, 60), rng.normal(size=60).round(4)
    cases.append({
        "k": k, "weights": weights, "x": x.T.tolist(), "labels": labels.tolist(), "values": values.tolist(), "more": more.T.tolist(),
        "probabilities": KNeighborsClassifier(k, weights=weights).fit(x, labels).predict_proba(more).ravel().tolist(),
        "predictions": KNeighborsRegressor(k, weights=weights).fit(x, values).predict(more).tolist(),
    })
(pathlib.Path(__file__).parent / "sklearn.json").write_text(json.dumps(cases) + "\n")
