"""scikit-learn's k-means, the peer of bench/cluster.

    python -P cluster.py make FILE              writes 1,000,000 rows of 20 features around 20 centres
    python -P cluster.py fit FILE CASE SEED     fits, and prints what it took as JSON

The file holds raw little-endian float64 columns. A case is STARTS,PASSES,TOLERANCE,BATCH.
"""

import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"
# Threads that wait do not spin: beside other work on the machine that would only slow it down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import make_blobs

FEATURES = CENTERS = 20

if sys.argv[1] == "make":
    x, _ = make_blobs(n_samples=1_000_000, n_features=FEATURES, centers=CENTERS, cluster_std=6.0, random_state=0)
    x.T.astype("<f8").tofile(sys.argv[2])
    sys.exit()

starts, passes, tolerance, batch = (float(v) for v in sys.argv[3].split(","))
x = np.ascontiguousarray(np.fromfile(sys.argv[2], "<f8").reshape(FEATURES, -1).T)
if batch:
    model = MiniBatchKMeans(CENTERS, n_init=int(starts), batch_size=int(batch), random_state=int(sys.argv[4]))
else:
    model = KMeans(CENTERS, n_init=int(starts), max_iter=int(passes), tol=tolerance, random_state=int(sys.argv[4]))
start, busy = time.perf_counter(), time.process_time()
model.fit(x)
print(json.dumps({"fit": time.perf_counter() - start, "busy": time.process_time() - busy, "inertia": model.inertia_}))
