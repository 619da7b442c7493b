"""clean, explore and featurize with pandas and scikit-learn: the peer of bench/features.

    features.py FILE TARGET SAMPLE

Prints as JSON the seconds of each and, to compare, what was found: means, caps,
categories, encodings, moments, correlations and components, each under a name.
Everything is fitted on all rows; correlations and components are those of SAMPLE rows.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its csv.py is not the standard library's

import json
import time

import numpy as np
import pandas as pd

import steps


def main(path, target, sample):
    df = pd.read_csv(path)
    steps.clean(df.head(1000), target, lambda t: (t, t.head(0)))  # what is imported late is imported now
    seconds, cpu, found = {}, {}, {}

    def clock(step, do):
        start, busy = time.perf_counter(), time.process_time()
        out = do()
        seconds[step], cpu[step] = time.perf_counter() - start, time.process_time() - busy
        return out

    train, _, means, caps = clock("clean", lambda: steps.clean(df, target, lambda t: (t, t.head(0))))
    report = clock("explore", lambda: steps.explore(df, target, sample))
    x, y, _, one_hot, encoder, few, many = clock("featurize", lambda: steps.featurize(train, train.head(0), target))

    for name, v in means.items():
        found[f"mean {name}"] = v
    for name, v in caps.items():
        found[f"cap {name}"] = v
    for column, categories in zip(few, one_hot.categories_):
        for k in categories:
            found[f"one-hot {column} {k}"] = 1
    for column, categories, values in zip(many, encoder.categories_, encoder.encodings_):
        for k, v in zip(categories, values):
            if k == k and k is not None:
                found[f"target {column} {k}"] = v
    describe = report["describe"]
    for c in describe:
        if df[c].nunique() < 2:
            continue
        for ours, theirs in {"mean": "mean", "std": "std", "min": "min", "q1": "25%", "median": "50%", "q3": "75%", "max": "max"}.items():
            found[f"describe {c} {ours}"] = describe.loc[theirs, c]
        found[f"describe {c} skew"], found[f"describe {c} kurtosis"] = report["skew"][c], report["kurtosis"][c]
    for method in ("pearson", "spearman"):
        m = report[method]
        for i, a in enumerate(m.columns):
            for b in m.columns[:i]:
                if m.loc[a, b] == m.loc[a, b]:
                    found[f"{method} {min(a, b)} {max(a, b)}"] = m.loc[a, b]
    for k, v in enumerate(report["share"]):
        found[f"component {k}"] = v
    found["rows"], found["features"] = len(train), x.shape[1]
    print(json.dumps({"seconds": seconds, "cpu": cpu, "found": {k: float(v) for k, v in found.items() if np.isfinite(v)}}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
