"""Writes sklearn.json, small data and the coefficients that scikit-learn finds for it, and diabetes.csv."""
import json
import pathlib
import warnings

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
sets = {}


def data(name, x, score, classes):
    """A regression target and classes by a noisy linear score."""
    y = score + 0.3 * np.std(score) * rng.normal(size=len(score))
    labels = np.digitize(y + 0.3 * np.std(y) * rng.normal(size=len(y)), np.quantile(y, np.arange(1, classes) / classes))
    sets[name] = {"x": x, "values": y, "labels": labels, "classes": classes, "weights": rng.uniform(0.1, 3, len(y)).round(3)}


x = rng.normal(size=(120, 4)).round(4)
data("plain", x, x @ [1, -2, 0.5, 0], 2)
data("three classes", x, x @ [1, -2, 0.5, 0], 3)
mix = (rng.normal(size=(150, 6)) @ rng.normal(size=(6, 6)) + 0.01 * rng.normal(size=(150, 6))).round(5)
mix[:, 5] = (mix[:, 0] + 0.01 * rng.normal(size=150)).round(5)
data("correlated", mix, mix @ [1, 1, 0, 0, -1, 1], 4)
scales = (rng.normal(size=(100, 4)) * [1e-3, 1, 1e3, 1e5] + [0, 10, -5e3, 1e7]).round(7)
data("scales", scales, scales @ [1e3, 1, 1e-3, 1e-5], 2)
data("scales, three classes", scales, scales @ [1e3, 1, 1e-3, 1e-5], 3)
onehot = np.concatenate([np.eye(4)[rng.integers(0, 4, 90)], rng.normal(size=(90, 1)).round(4), np.full((90, 1), 2.5)], axis=1)
data("one-hot and a constant", onehot, onehot @ [1, 2, -1, 0, 1, 0], 3)
wide = rng.normal(size=(12, 20)).round(4)
data("wide", wide, wide[:, 0] - wide[:, 1], 2)
power = np.linspace(-1, 2, 60)[:, None] ** np.arange(1, 7)
data("powers", power, power @ [1, -1, 0, 0.5, 0, -0.1], 2)

cases = []


class Newton:
    """The logistic optimum by Newton's method in standardised units, for features whose scales scikit-learn cannot take."""

    def __init__(self, C, class_weight=None, fit_intercept=True):
        self.C, self.class_weight, self.fit_intercept = C, class_weight, fit_intercept

    def fit(self, x, y, sample_weight=None):
        n, (k, w) = len(y), (y.max() + 1, np.ones(len(y)) if sample_weight is None else sample_weight)
        if self.class_weight == "balanced":
            w = w * (w.sum() / k / np.bincount(y, w))[y]
        at = x.mean(axis=0) * self.fit_intercept
        by = np.sqrt(((x - at) ** 2).mean(axis=0))
        by[by == 0] = 1
        a = np.concatenate([(x - at) / by, np.full((n, 1), float(self.fit_intercept))], axis=1)
        pen = np.append(1 / by**2, 0)
        rows = range(k) if k > 2 else [1]
        u = np.zeros((len(rows), a.shape[1]))
        for _ in range(100):
            z = a @ u.T
            p = self.proba(z)[:, rows]
            g = self.C * (w[:, None] * (p - (y[:, None] == rows))).T @ a + pen * u
            h = np.zeros((u.size, u.size))
            for i in range(len(rows)):
                for j in range(len(rows)):
                    v = self.C * w * p[:, i] * ((i == j) - p[:, j])
                    h[i * a.shape[1]:(i + 1) * a.shape[1], j * a.shape[1]:(j + 1) * a.shape[1]] = (a.T * v) @ a + np.diag(pen) * (i == j)
            u -= (np.linalg.pinv(h, rcond=1e-13) @ g.ravel()).reshape(u.shape)
        assert np.abs(g).max() < 1e-8, g
        self.coef_ = u[:, :-1] / by
        self.intercept_ = u[:, -1] - self.coef_ @ at
        if not self.fit_intercept:
            self.intercept_ = np.zeros(len(rows))
        elif k > 2:
            self.intercept_ -= self.intercept_.mean()
        self.p = self.proba(a @ u.T)

    @staticmethod
    def proba(z):
        if z.shape[1] == 1:
            z = np.concatenate([np.zeros_like(z), z], axis=1)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def predict_proba(self, x):
        return self.p


class Scaled(LinearRegression):
    """LinearRegression of standardised features: of features as they come it drops those of small scale."""

    def fit(self, x, y, sample_weight=None):
        self.by = x.std(axis=0)
        self.by[self.by == 0] = 1
        super().fit(x / self.by, y, sample_weight)
        self.coef_, self.by = self.coef_ / self.by, 1
        return self

    def predict(self, x):
        return x @ self.coef_ + self.intercept_


def logistic(name, **params):
    if name.startswith("scales"):
        return Newton(**params)
    return LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=10_000, **params)


def case(name, kind, params, model, target, weighted):
    s = sets[name]
    model.fit(s["x"], s[target], sample_weight=s["weights"] if weighted else None)
    predict = model.predict_proba if kind == "logistic" else model.predict
    cases.append({
        "data": name, "kind": kind, "params": params, "weighted": weighted,
        "coefficients": np.atleast_2d(model.coef_), "intercepts": np.atleast_1d(model.intercept_),
        "predictions": predict(s["x"])[:12].ravel(),
    })


for name in sets:
    for weighted in (False, True):
        case(name, "linear", {}, Scaled(), "values", weighted)
        case(name, "ridge", {"alpha": 1}, Ridge(1, solver="svd"), "values", weighted)
        for c in (1, 0.01, 100):
            m = logistic(name, C=c)
            case(name, "logistic", {"c": c}, m, "labels", weighted)
    case(name, "linear", {"no_intercept": True}, Scaled(fit_intercept=False), "values", False)
    case(name, "ridge", {"alpha": 10, "no_intercept": True}, Ridge(10, fit_intercept=False, solver="svd"), "values", False)
    for weighted in (False, True):
        m = logistic(name, C=1, class_weight="balanced")
        case(name, "logistic", {"c": 1, "class_weight": "balanced"}, m, "labels", weighted)
    m = logistic(name, C=1, fit_intercept=False)
    case(name, "logistic", {"c": 1, "no_intercept": True}, m, "labels", False)

# Where the scales are the same, lbfgs gets there too, and finds the same.
for name in ("plain", "three classes", "one-hot and a constant"):
    case(name, "logistic", {"c": 1}, LogisticRegression(tol=1e-10, max_iter=10_000), "labels", False)

# The Newton method above and scikit-learn's agree where both can be had.
for name in ("plain", "three classes", "correlated"):
    d = sets[name]
    for params in ({"C": 1}, {"C": 0.1, "class_weight": "balanced"}, {"C": 1, "fit_intercept": False}):
        ours, theirs = Newton(**params), logistic(name, **params)
        ours.fit(d["x"], d["labels"], d["weights"])
        theirs.fit(d["x"], d["labels"], d["weights"])
        assert np.allclose(ours.coef_, theirs.coef_, atol=1e-7) and np.allclose(ours.intercept_, theirs.intercept_, atol=1e-7)

path = pathlib.Path(__file__).with_name("sklearn.json")
path.write_text(json.dumps({"data": sets, "cases": cases}, default=lambda a: a.tolist()) + "\n")

# B. Efron, T. Hastie, I. Johnstone, R. Tibshirani. Least Angle Regression. Annals of Statistics 32 (2004).
load_diabetes(scaled=False, as_frame=True).frame.to_csv(path.with_name("diabetes.csv"), index=False)
