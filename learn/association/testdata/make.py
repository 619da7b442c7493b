"""Writes reference.json: pandas' correlations with missing values and scipy's association of categories."""
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats.contingency import association, crosstab

here = Path(__file__).parent
penguins = pd.read_csv(here / "../../../examples/penguins/penguins.csv")
rng = np.random.default_rng(3)
numbers = penguins[["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]].astype(float)
numbers = numbers.mask(rng.random(numbers.shape) < 0.1)


def plain(a):
    return [[None if np.isnan(v) else float(v) for v in row] for row in np.asarray(a)]


def eta(k, y):
    d = pd.DataFrame({"k": k, "y": y}).dropna()
    g = d.groupby("k").y
    return float(np.sqrt((g.count() * (g.mean() - d.y.mean()) ** 2).sum() / ((d.y - d.y.mean()) ** 2).sum()))


def corrected(a, b):
    t = pd.crosstab(a, b).to_numpy()
    n, (r, k) = t.sum(), t.shape
    phi = association(t, method="cramer") ** 2 * (min(r, k) - 1)
    phi = max(0, phi - (k - 1) * (r - 1) / (n - 1))
    return float(np.sqrt(phi / (min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1)))


def goodman_kruskal(a, b):
    t = pd.crosstab(a, b).to_numpy()
    most = t.sum(axis=0).max()
    return float((t.max(axis=1).sum() - most) / (t.sum() - most))


cats = ["species", "island", "sex"]
pairs = []
for a in cats:
    for b in cats:
        if a != b:
            pairs.append({"x": a, "y": b, "cramer": float(association(pd.crosstab(penguins[a], penguins[b]).to_numpy(), method="cramer")),
                          "corrected": corrected(penguins[a], penguins[b]), "lambda": goodman_kruskal(penguins[a], penguins[b])})
out = {
    "numbers": plain(numbers.T), "pearson": plain(numbers.corr()), "spearman": plain(numbers.corr(method="spearman")),
    "categories": {c: penguins[c].astype("category").cat.codes.tolist() for c in cats}, "pairs": pairs,
    "eta": {c: [eta(penguins[c], numbers[n]) for n in numbers] for c in cats},
}
(here / "reference.json").write_text(json.dumps(out) + "\n")
