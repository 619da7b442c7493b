"""The peers of bench/search: scikit-learn's GridSearchCV and Optuna's TPE.

    python -P search.py make FOLDER                     writes the data of every case
    python -P search.py grid FOLDER CASE                the mission's grid, by GridSearchCV with 2 jobs
    python -P search.py tpe FUNCTION TRIALS SEEDS       multivariate TPE on a test function, a study for each seed
    python -P search.py suggest TRIALS MORE             a study of so many trials, and some suggestions more
    python -P search.py forest FOLDER CASE TRIALS SEED  TPE on a random forest, 5 folds, 2 jobs

Each prints JSON; scores are of the folds of every trial, by depth, then by the
number of trees, or the best of every study. Times are of the search alone, busy that of all its processes.
The data are raw little-endian float64 columns (x) and targets (y).
"""

import json
import math
import pathlib
import resource
import sys
import time

import numpy as np  # noqa: E402


def make(folder):
    from sklearn.datasets import load_breast_cancer, load_digits, make_classification

    for case, (x, y) in {
        "cancer": load_breast_cancer(return_X_y=True),
        "digits": load_digits(return_X_y=True),
        "made": make_classification(10_000, 20, n_informative=10, n_redundant=4, random_state=0),
    }.items():
        (folder / case).mkdir(parents=True, exist_ok=True)
        x.T.astype("<f8").tofile(folder / case / "x")
        y.astype("<f8").tofile(folder / case / "y")


def load(folder, case):
    y = np.fromfile(folder / case / "y", "<f8").astype(int)
    x = np.fromfile(folder / case / "x", "<f8").reshape(-1, len(y)).T
    return np.ascontiguousarray(x, dtype=np.float32), y


def busy():
    """Seconds of this process and of the children that have ended."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def grid(folder, case):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV

    x, y = load(folder, case)
    search = GridSearchCV(
        RandomForestClassifier(random_state=42),
        {"n_estimators": [50, 100, 150], "max_depth": [5, 10, 15]},
        cv=5,
        scoring="accuracy",
        refit=False,
        n_jobs=2,
    )
    before, start = busy(), time.perf_counter()
    search.fit(x, y)
    took = time.perf_counter() - start
    r = search.cv_results_
    order = sorted(range(9), key=lambda i: (r["params"][i]["max_depth"], r["params"][i]["n_estimators"]))
    scores = [float(r[f"split{k}_test_score"][i]) for i in order for k in range(5)]
    print(json.dumps({"fit": took, "busy": busy() - before, "scores": scores}))


def sampler(seed):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    a = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def rosenbrock(trial):
    v = [trial.suggest_float(f"x{i}", -2, 2) for i in range(4)]
    return sum(100 * (v[i + 1] - v[i] ** 2) ** 2 + (1 - v[i]) ** 2 for i in range(3))


def mixed(trial):
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    n = trial.suggest_int("n", 1, 20)
    base = abs(n - 13) / 10
    if kind == "a":
        return base + abs(math.log10(trial.suggest_float("rate", 1e-5, 1, log=True)) + 3) + 0.1
    if kind == "b":
        return base + (trial.suggest_float("power", -5, 5) - 1) ** 2 / 4
    return base + 0.5


FUNCTIONS = {"branin": branin, "rosenbrock": rosenbrock, "mixed": mixed}


def tpe(function, trials, seeds):
    import optuna

    best = []
    optuna.create_study(sampler=sampler(0)).optimize(FUNCTIONS[function], n_trials=15)
    start, before = time.perf_counter(), time.process_time()
    for seed in range(int(seeds)):
        study = optuna.create_study(sampler=sampler(seed))
        study.optimize(FUNCTIONS[function], n_trials=int(trials))
        best.append(study.best_value)
    took = time.perf_counter() - start
    print(json.dumps({"fit": took, "busy": time.process_time() - before, "scores": best}))


def suggest(trials, more):
    import optuna

    rng = np.random.default_rng(0)
    study = optuna.create_study(sampler=sampler(0))
    space = {f"x{i}": optuna.distributions.FloatDistribution(-2, 2) for i in range(4)}
    for _ in range(int(trials)):
        params = {name: rng.uniform(-2, 2) for name in space}
        study.add_trial(optuna.create_trial(params=params, distributions=space, value=rosenbrock(optuna.trial.FixedTrial(params))))
    study.optimize(rosenbrock, n_trials=2)
    start, before = time.perf_counter(), time.process_time()
    study.optimize(rosenbrock, n_trials=int(more))
    took = time.perf_counter() - start
    print(json.dumps({"fit": took, "busy": time.process_time() - before}))


def forest(folder, case, trials, seed):
    import optuna
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    x, y = load(folder, case)

    def objective(trial):
        model = RandomForestClassifier(
            n_estimators=50,
            max_depth=trial.suggest_int("max_depth", 2, 20),
            min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 20, log=True),
            max_features=trial.suggest_categorical("max_features", ["sqrt", 0.3, 0.6, 1.0]),
            random_state=0,
        )
        return cross_val_score(model, x, y, cv=5, n_jobs=2).mean()

    study = optuna.create_study(sampler=sampler(int(seed)), direction="maximize")
    before, start = busy(), time.perf_counter()
    study.optimize(objective, n_trials=int(trials))
    took = time.perf_counter() - start
    print(json.dumps({"fit": took, "busy": busy() - before, "score": study.best_value}))


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command in ("make", "grid", "forest"):
        rest[0] = pathlib.Path(rest[0])
    {"make": make, "grid": grid, "tpe": tpe, "suggest": suggest, "forest": forest}[command](*rest)
