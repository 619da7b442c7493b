"""scikit-learn's k-means, nearest neighbours, naive Bayes and PCA, the peers of bench/others.

    python -P others.py make FOLDER             writes 1,000,000 rows of 20 features around 20 centres
    python -P others.py fit FOLDER CASE SEED    fits and predicts, and prints what it took as JSON

rows.f8 holds raw little-endian float64 columns. What is to be told is whether the first
two features sum to more than 0.
"""

import json
import os
import pathlib
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"
# Threads that wait do not spin: beside other work on the machine that would only slow it down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

FEATURES = CENTERS = 20

if sys.argv[1] == "make":
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    x, _ = make_blobs(n_samples=1_000_000, n_features=FEATURES, centers=CENTERS, cluster_std=6.0, random_state=0)
    x.T.astype("<f8").tofile(folder / "rows.f8")
    sys.exit()

folder, case, seed = sys.argv[2], sys.argv[3], int(sys.argv[4])
x = np.ascontiguousarray(np.fromfile(pathlib.Path(folder) / "rows.f8", "<f8").reshape(FEATURES, -1).T)
y = x[:, 0] + x[:, 1] > 0


def clusters(model):
    return lambda: model.fit(x).inertia_


def neighbors():
    model = KNeighborsClassifier(n_jobs=2).fit(np.ascontiguousarray(x[:100_000, :6]), y[:100_000])
    more = slice(100_000, 120_000)
    return np.mean(model.predict_proba(np.ascontiguousarray(x[more, :6])).argmax(1) == y[more])


cases = {
    "kmeans": clusters(KMeans(CENTERS, n_init=4, random_state=seed)),
    "passes": clusters(KMeans(CENTERS, n_init=1, max_iter=30, tol=0, random_state=seed)),
    "batches": clusters(MiniBatchKMeans(CENTERS, n_init=1, batch_size=1024, random_state=seed)),
    "neighbors": neighbors,
    "bayes": lambda: np.mean(GaussianNB().fit(x, y).predict_proba(x).argmax(1) == y),
    "pca": lambda: PCA(5, random_state=seed).fit(x).explained_variance_ratio_.sum(),
}
start, busy = time.perf_counter(), time.process_time()
score = cases[case]()
print(json.dumps({"fit": time.perf_counter() - start, "busy": time.process_time() - busy, "score": float(score)}))
