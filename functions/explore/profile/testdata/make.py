"""Writes reference.json: what pandas says of the example tables."""
import json
from pathlib import Path

import numpy as np
import pandas as pd

here = Path(__file__).parent


def plain(v):
    return None if pd.isna(v) else float(v)


def describe(name):
    d = pd.read_csv(here / f"../../../../examples/{name}/{name}.csv")
    numbers = d.select_dtypes("number")
    out = {"rows": len(d), "duplicates": int(d.duplicated().sum()), "missing": int(d.isna().sum().sum()),
           "complete": int(d.notna().all(axis=1).sum()), "numbers": {}, "values": {}}
    for c in numbers:
        v = d[c]
        s = v.describe()
        q1, q3 = v.quantile([0.25, 0.75])
        lo, hi = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
        inside = v[(v >= lo) & (v <= hi)]
        out["numbers"][c] = {
            "count": int(v.count()), "distinct": int(v.nunique()), "mean": plain(s["mean"]), "std": plain(s["std"]), "min": plain(s["min"]),
            "q1": plain(q1), "median": plain(s["50%"]), "q3": plain(q3), "max": plain(s["max"]), "skew": plain(v.skew()), "kurtosis": plain(v.kurt()),
            "zeros": int((v == 0).sum()), "below": int((v < lo).sum()), "above": int((v > hi).sum()),
            "lower": plain(inside.min()), "upper": plain(inside.max()),
        }
    for c in d.columns.difference(numbers.columns):
        v = d[c]
        counts = v.value_counts()
        out["values"][c] = {"count": int(v.count()), "distinct": int(v.nunique()), "top": [int(n) for n in counts.head(3)]}
    corr = d.select_dtypes(["number", "bool"]).drop(columns=[c for c in numbers if d[c].nunique() == 1])
    out["correlated"] = list(corr)
    out["pearson"] = [[plain(v) for v in row] for row in corr.corr().to_numpy()]
    out["spearman"] = [[plain(v) for v in row] for row in corr.corr(method="spearman").to_numpy()]
    return out


(here / "reference.json").write_text(json.dumps({n: describe(n) for n in ["penguins", "flights"]}, indent=1) + "\n")
