"""Writes sklearn.json: rows, first centres, and what scikit-learn's k-means and scores make of them."""
import json
import pathlib

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

rng = np.random.default_rng(0)
cases = []


def case(name, x, centers, weights=None, tolerance=0.0):
    x, centers = x.round(4), centers.round(4)
    m = KMeans(len(centers), init=centers, n_init=1, tol=tolerance, algorithm="lloyd").fit(x, sample_weight=weights)
    cases.append({
        "name": name, "x": x.T.tolist(), "start": centers.tolist(), "tolerance": tolerance,
        "weights": None if weights is None else weights.tolist(),
        "centers": m.cluster_centers_.tolist(), "labels": m.labels_.tolist(), "inertia": m.inertia_,
        "silhouette": silhouette_score(x, m.labels_), "davies_bouldin": davies_bouldin_score(x, m.labels_),
        "calinski_harabasz": calinski_harabasz_score(x, m.labels_),
    })


blobs, _ = make_blobs(n_samples=150, n_features=3, centers=4, cluster_std=2.0, random_state=0)
case("blobs", blobs, blobs[:4])
case("weighted", blobs, blobs[:5], rng.uniform(0, 3, 150).round(3))
case("far from zero", 1e5 + 10 * blobs, 1e5 + 10 * blobs[:3])
case("uniform, many centres", rng.uniform(size=(200, 2)), rng.uniform(size=(13, 2)))
case("a tolerance", rng.normal(size=(150, 5)), rng.normal(size=(6, 5)), tolerance=0.01)
# The last centre is nobody's nearest: it gets the row that is farthest from its own.
case("an empty cluster", blobs, np.vstack([blobs[:3], [[500, 500, 500]]]))

(pathlib.Path(__file__).parent / "sklearn.json").write_text(json.dumps(cases) + "\n")
