"""The package implicit's alternating least squares, the peer of bench/others.

    python -P als.py make FOLDER             writes 1,000,000 events of 20,000 users and 5,000 items
    python -P als.py fit FOLDER CASE SEED    fits, and prints what it took as JSON

events holds raw little-endian int32 pairs of user and item; each user's last one, in
test, is what lists of ten are to have. The peer's fit has the 2 threads that it starts;
what it multiplies matrices with has one, as it asks for.
"""

import json
import os
import pathlib
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "2"
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np

USERS, ITEMS, EACH, TASTES = 20_000, 5_000, 50, 10

folder = pathlib.Path(sys.argv[2])
if sys.argv[1] == "make":
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    tastes, likes = rng.normal(size=(USERS, TASTES)), rng.normal(size=(TASTES, ITEMS))
    popular = -np.log(np.arange(1, ITEMS + 1)) / 2
    pairs = []
    for user in range(USERS):
        drawn = tastes[user] @ likes / 2 + popular + rng.gumbel(size=ITEMS)  # without replacement
        items = rng.permutation(np.argpartition(-drawn, EACH)[: EACH + 1])
        pairs.append(np.stack([np.full(EACH + 1, user), items], 1))
    pairs = np.stack(pairs).astype("<i4")
    pairs[:, -1].tofile(folder / "test")
    pairs[:, :-1].tofile(folder / "events")
    sys.exit()

import implicit.cpu.als
import scipy.sparse

seed = int(sys.argv[4])
users, items = np.fromfile(folder / "events", "<i4").reshape(-1, 2).T
# 2 is how much more an event counts than that there was none: 1 + alpha, as runnel has it
events = scipy.sparse.csr_matrix((np.full(len(users), 2, "f4"), (users, items)), (USERS, ITEMS))
model = implicit.cpu.als.AlternatingLeastSquares(64, regularization=0.01, iterations=15, num_threads=2, random_state=seed)
start, busy = time.perf_counter(), time.process_time()
model.fit(events, show_progress=False)
took = {"fit": time.perf_counter() - start, "busy": time.process_time() - busy}
last = np.fromfile(folder / "test", "<i4").reshape(-1, 2)
lists, _ = model.recommend(last[:, 0], events[last[:, 0]], N=10)
print(json.dumps(took | {"score": float((lists == last[:, 1:]).any(1).mean())}))
