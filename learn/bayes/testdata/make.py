"""Writes sklearn.json: rows, and the probabilities that scikit-learn's naive Bayes gives others."""
import json
import pathlib

import numpy as np
from sklearn.naive_bayes import GaussianNB, MultinomialNB

rng = np.random.default_rng(0)
cases = []


def case(name, params, model, x, more, weighted=False):
    labels = np.arange(len(x)) % 3
    x = x + (labels[:, None] + 1) * np.arange(x.shape[1]) % 4 if params["distribution"] == "multinomial" else x + labels[:, None]
    x, more = x.round(4), more.round(4)
    weights = rng.uniform(0.1, 3, len(x)).round(3)
    model.fit(x, labels, sample_weight=weights if weighted else None)
    cases.append({
        "name": name, "params": params, "x": x.T.tolist(), "labels": labels.tolist(), "weights": weights.tolist() if weighted else None,
        "more": more.T.tolist(), "probabilities": model.predict_proba(more).ravel().tolist(),
    })


def normal(rows):
    return rng.normal(size=(rows, 4)) * [1, 0.1, 2, 5] + [0, 3, -1, 10]


def counts(rows):
    return rng.poisson(2, size=(rows, 5)).astype(float)


gaussian, multinomial = {"distribution": "gaussian"}, {"distribution": "multinomial"}
case("gaussian", gaussian, GaussianNB(), normal(80), normal(20))
case("gaussian, weighted", gaussian, GaussianNB(), normal(80), normal(20), True)
case("gaussian, smooth", gaussian | {"var_smoothing": 0.1, "equal_priors": True}, GaussianNB(var_smoothing=0.1, priors=[1 / 3] * 3), normal(50), normal(20))
case("multinomial", multinomial, MultinomialNB(), counts(80), counts(20))
case("multinomial, weighted", multinomial | {"alpha": 0.3}, MultinomialNB(alpha=0.3), counts(80), counts(20), True)
case("multinomial, equal", multinomial | {"equal_priors": True}, MultinomialNB(fit_prior=False), counts(71), counts(20))
(pathlib.Path(__file__).parent / "sklearn.json").write_text(json.dumps(cases) + "\n")
