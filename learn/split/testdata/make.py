"""Writes sklearn.json: the test rows of scikit-learn's unshuffled folds, and its stratified test counts."""
import json
import pathlib
import warnings

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit, train_test_split

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
cases = []


def folds(kind, splitter, n, y=None, groups=None, **more):
    got = [test for _, test in splitter.split(np.zeros(n), y, groups)]
    cases.append({"kind": kind, "rows": n, "k": len(got), "y": y, "groups": groups, "tests": got, **more})


for n, k in ((10, 5), (11, 3), (7, 7)):
    folds("plain", KFold(k), n)
    folds("time", TimeSeriesSplit(max(k - 1, 2)), n, gap=0)
folds("time", TimeSeriesSplit(3, gap=2), 23, gap=2)
for n, k, p in ((40, 5, [0.5, 0.3, 0.2]), (33, 4, [0.9, 0.1]), (30, 5, [0.9, 0.05, 0.05])):
    folds("stratified", StratifiedKFold(k), n, y=rng.choice(len(p), n, p=p))
for k, g in ((3, 7), (5, 11)):
    # Groups of distinct sizes: scikit-learn leaves the order of equal ones to its sort.
    groups = np.repeat(np.arange(g), np.arange(1, g + 1))
    folds("group", GroupKFold(k), len(groups), groups=rng.permutation(groups))

strata = []
for counts, test in (([50, 30, 20], 0.2), ([7, 13, 81], 0.25), ([5, 5, 91], 0.1), ([150, 3], 0.2)):
    y = np.repeat(np.arange(len(counts)), counts)
    _, t = train_test_split(y, test_size=test, stratify=y, random_state=0)
    strata.append({"counts": counts, "test": test, "want": np.bincount(t, minlength=len(counts))})

path = pathlib.Path(__file__).with_name("sklearn.json")
path.write_text(json.dumps({"folds": cases, "strata": strata}, default=lambda a: a.tolist()) + "\n")
