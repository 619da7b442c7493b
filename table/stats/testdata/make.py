"""Writes what pandas says of a few columns, as the tests' reference.

Run with pandas installed: python make.py
"""
import json

import numpy as np
import pandas as pd

rng = np.random.default_rng(7)
columns = {
    "normal": rng.normal(3, 2, 500),
    "skewed": rng.lognormal(0, 1.5, 500),
    "far": 1e9 + rng.normal(0, 1e-2, 500),
    "counts": rng.integers(0, 9, 500).astype(float),
    "missing": np.where(rng.random(500) < 0.3, np.nan, rng.exponential(2, 500)),
    "constant": np.full(50, 0.1),
    "one": np.array([4.5]),
    "two": np.array([1.0, 2.0]),
    "three": np.array([1.0, 2.0, 4.0]),
    "none": np.full(4, np.nan),
}
qs = [0, 0.01, 0.05, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.99, 1]


def num(v):
    return None if pd.isna(v) else float(v)


out = []
for name, v in columns.items():
    s = pd.Series(v)
    # Far from zero, pandas loses digits of the higher moments; less the offset, which is exact, it does not.
    near = s - 1e9 if name == "far" else s
    out.append({
        "name": name,
        "values": [num(x) for x in v],
        "count": int(s.count()), "nulls": int(s.isna().sum()), "distinct": int(s.nunique()),
        "mean": num(s.mean()), "var": num(near.var()), "std": num(near.std()), "skew": num(near.skew()), "kurt": num(near.kurt()),
        "min": num(s.min()), "max": num(s.max()),
        "q": qs, "quantiles": [num(x) for x in s.quantile(qs)],
        "top": [[float(k), int(c)] for k, c in s.value_counts().sort_index().sort_values(ascending=False, kind="stable").head(3).items()],
        "edges": list(np.linspace(np.nanmin(v), np.nanmax(v), 6)) if s.count() > 1 and s.nunique() > 1 else None,
        "histogram": [int(c) for c in np.histogram(s.dropna(), bins=np.linspace(s.min(), s.max(), 6))[0]] if s.nunique() > 1 else None,
    })
with open("pandas.json", "w") as f:
    json.dump(out, f)
