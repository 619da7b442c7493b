"""Peers of bench/csv: makes the files and reads them with pandas and polars.

    csv.py make DIR            floats.csv: 200,000 x 21 normals, numpy seed 0; mixed.csv
    csv.py pandas FILE N       reads FILE N times; prints one JSON object
    csv.py pandas-1 FILE N     the same on one thread, where pandas can use more
    csv.py polars FILE N
"""

import json
import os
import resource
import sys
import time

if sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]  # or this file would be the csv module that pandas imports


def make(folder):
    import numpy as np
    import pandas as pd

    os.makedirs(folder, exist_ok=True)
    np.random.seed(0)
    names = [f"x{i}" for i in range(20)] + ["y"]
    floats = pd.DataFrame(np.random.randn(200_000, 21), columns=names)
    floats.to_csv(os.path.join(folder, "floats.csv"), index=False)
    n = 500_000
    rng = np.random.default_rng(0)
    mixed = pd.DataFrame({
        "id": np.arange(n),
        "when": pd.Timestamp("2013-01-01") + pd.to_timedelta(rng.integers(0, 31_536_000, n), unit="s"),
        "carrier": rng.choice(["UA", "B6", "AA", "DL", "WN"], n),
        "city": rng.choice(["New York, NY", "Newark, NJ", "Boston", "Chicago"], n),
        "delay": np.where(rng.random(n) < 0.05, np.nan, rng.integers(-30, 300, n)),
        "fare": rng.gamma(2.0, 100.0, n).round(2),
        "late": rng.random(n) < 0.2,
        "tail": [f"N{k}" for k in rng.integers(0, 4000, n)],
    })
    mixed.to_csv(os.path.join(folder, "mixed.csv"), index=False)


def rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def checks(columns):
    """Of each column of numbers: the sum, and the sum of the bits modulo 2^64."""
    import numpy as np

    out = {}
    for name, values in columns:
        v = np.asarray(values, dtype=np.float64)
        v = v[~np.isnan(v)]
        out[name] = {"sum": float(v.sum()), "bits": str(int(v.view(np.uint64).sum(dtype=np.uint64))), "count": len(v)}
    return out


def main():
    if sys.argv[1] == "make":
        return make(sys.argv[2])
    peer, path, repeat = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if peer == "polars":
        import polars as lib

        read = lambda: lib.read_csv(path, try_parse_dates=True)
        numeric = lambda t: [(c, t[c].to_numpy()) for c in t.columns if t[c].dtype.is_numeric()]
    else:
        import pandas as lib

        if peer == "pandas-1":
            try:
                lib.set_option("mode.max_threads", 1)
            except (KeyError, AttributeError):  # before pandas 3.1 there was only one
                pass
        dates = ["when"] if path.endswith("mixed.csv") else None  # the others find it out
        read = lambda: lib.read_csv(path, engine="c", parse_dates=dates)
        numeric = lambda t: [(c, t[c].to_numpy()) for c in t.columns
                             if lib.api.types.is_numeric_dtype(t[c]) and not lib.api.types.is_bool_dtype(t[c])]
    seconds, cpu, before = [], [], rss()
    for i in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        table = read()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
        if i == 0:
            peak = rss()
    print(json.dumps({"version": f"{lib.__name__} {lib.__version__}", "seconds": min(seconds), "cpu": min(cpu), "rows": len(table),
                      "peak": peak, "before": before, "columns": checks(numeric(table))}))


if __name__ == "__main__":
    main()
