"""Writes svd.json: scikit-learn's exact PCA, and its TruncatedSVD by ARPACK, of made-up rows."""
import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD

rng = np.random.default_rng(0)
cases = []


def case(name, x, k):
    x = x.round(4)
    for centre, model in ((True, PCA(k, svd_solver="full")), (False, TruncatedSVD(k, algorithm="arpack", random_state=0))):
        scores = model.fit_transform(x)
        cases.append({
            "name": name, "centre": centre, "x": x.T.tolist(), "components": model.components_.tolist(), "singular": model.singular_values_.tolist(),
            "variance": model.explained_variance_.tolist(), "share": model.explained_variance_ratio_.tolist(), "scores": scores[:5].T.tolist(),
        })


case("few features", rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)) + 3, 3)
# A spectrum that falls by a fifth from one direction to the next: more features than the random directions span.
case("many features", rng.normal(size=(60, 30)) * 0.8 ** np.arange(30) @ np.linalg.qr(rng.normal(size=(30, 30)))[0], 3)
case("more features than rows", rng.normal(size=(8, 20)) * [100] + 1000, 4)
Path(__file__).with_name("svd.json").write_text(json.dumps(cases) + "\n")
