"""Writes reference.json: numpy's bins="auto" and scipy's gaussian_kde on the penguins and made values."""
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import gaussian_kde

here = Path(__file__).parent
penguins = pd.read_csv(here / "../../../examples/penguins/penguins.csv")
rng = np.random.default_rng(7)
cases = {c: penguins[c].dropna().to_numpy() for c in ["bill_length_mm", "bill_depth_mm", "body_mass_g"]}
cases["lognormal"] = np.round(rng.lognormal(0, 1, 400), 4)
cases["two"] = np.array([1.0, 2.5])
out = []
for name, v in cases.items():
    counts, edges = np.histogram(v, bins="auto")
    x = np.linspace(v.min(), v.max(), 32)
    out.append({
        "name": name, "values": v.tolist(), "edges": edges.tolist(), "counts": counts.tolist(),
        "quantiles": np.quantile(v, [0, 0.1, 0.25, 0.5, 0.75, 0.99, 1]).tolist(),
        "x": x.tolist(), "density": gaussian_kde(v, bw_method="scott")(x).tolist(),
    })
(here / "reference.json").write_text(json.dumps(out) + "\n")
