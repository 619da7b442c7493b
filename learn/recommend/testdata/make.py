"""Writes implicit.json: events, first factors, and what the package implicit makes of them.

Needs implicit and scipy. The factors are those of its direct solver, in float64.
"""
import json
import os
import pathlib

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.evaluation import ranking_metrics_at_k
from scipy.sparse import csr_matrix

rng = np.random.default_rng(0)
users, items, factors, alpha, l2, iterations = 30, 20, 4, 2.0, 0.3, 5
taste, kind = rng.integers(0, 3, users), np.arange(items) % 3
likes = rng.random((users, items)) < np.where(taste[:, None] == kind, 0.5, 0.08)
likes[np.arange(users), taste] = True  # nobody is without any, and no item
likes[np.arange(items) % users, np.arange(items)] = True
weights = (likes * rng.integers(1, 6, likes.shape)).astype(float)
first_user, first_item = ((rng.random((n, factors)) - 0.5).round(4) for n in (users, items))

model = AlternatingLeastSquares(factors=factors, regularization=l2, alpha=1.0, iterations=iterations, dtype=np.float64, use_cg=False, num_threads=1)
model.user_factors, model.item_factors = first_user.copy(), first_item.copy()
confidence = csr_matrix(np.where(likes, 1 + alpha * weights, 0))
model.fit(confidence, show_progress=False)
lists, scores = model.recommend(np.arange(users), confidence, N=5, filter_already_liked_items=True)

test = csr_matrix(((rng.random(likes.shape) < 0.15) & ~likes).astype(float))
judged = ranking_metrics_at_k(model, confidence, test, K=5, show_progress=False, num_threads=1)
(pathlib.Path(__file__).parent / "implicit.json").write_text(json.dumps({
    "factors": factors, "alpha": alpha, "l2": l2, "iterations": iterations, "weights": weights.tolist(),
    "first_user": first_user.ravel().tolist(), "first_item": first_item.ravel().tolist(),
    "user": model.user_factors.ravel().tolist(), "item": model.item_factors.ravel().tolist(),
    "lists": lists.tolist(), "scores": scores.tolist(), "test": test.toarray().tolist(),
    "ndcg": judged["ndcg"], "map": judged["map"],
}) + "\n")
