"""The whole chain with pandas and scikit-learn: the peer of bench/chain.

    chain.py make FILE                          writes the table of flights
    chain.py run FILE TARGET DEPTH TREES FOLDER reads FILE, ends with a model and a report in FOLDER

A depth of 0 is no limit. Prints what it took and how good the model is as JSON.
"""

import time

began = time.perf_counter()

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its csv.py is not the standard library's

import json
import pathlib

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import (accuracy_score, classification_report, confusion_matrix, f1_score, log_loss, precision_score,
                             recall_score, roc_auc_score)
from sklearn.model_selection import train_test_split

import steps

imported = time.perf_counter()


def run(path, target, depth, trees, folder):
    seconds, at = {}, time.perf_counter()

    def done(step):
        nonlocal at
        now = time.perf_counter()
        seconds[step], at = now - at, now

    df = pd.read_csv(path)
    done("ingest")
    report = steps.explore(df, target, 50_000)
    done("explore")
    split = lambda t: train_test_split(t, test_size=0.2, random_state=42, stratify=t[target].astype(int))
    train, test, means, caps = steps.clean(df, target, split)
    done("clean")
    x, y, test_x, one_hot, encoder, few, many = steps.featurize(train, test, target)
    test_y = test[target].astype(int)
    done("featurize")
    forest = RandomForestClassifier(n_estimators=trees, max_depth=depth or None, n_jobs=2, random_state=42).fit(x, y)
    train_accuracy = forest.score(x, y)
    done("train")
    p = forest.predict_proba(test_x)
    guess = forest.classes_[p.argmax(axis=1)]
    metrics = {
        "accuracy": accuracy_score(test_y, guess), "precision": precision_score(test_y, guess), "recall": recall_score(test_y, guess),
        "f1": f1_score(test_y, guess), "roc_auc": roc_auc_score(test_y, p[:, 1]), "log_loss": log_loss(test_y, p),
        "confusion": confusion_matrix(test_y, guess).tolist(), "report": classification_report(test_y, guess, output_dict=True),
        "train_accuracy": train_accuracy,
    }
    done("evaluate")
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump({"means": means, "caps": caps, "one_hot": one_hot, "encoder": encoder, "forest": forest}, folder / "model.joblib")
    plain = {k: v.to_dict() if hasattr(v, "to_dict") else v for k, v in report.items()}
    (folder / "report.json").write_text(json.dumps({"profile": plain, "metrics": metrics}, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v)))
    done("save")
    size = (folder / "model.joblib").stat().st_size
    print(json.dumps({"import": imported - began, "steps": seconds, "rows": len(df), "features": x.shape[1], "model_bytes": size,
                      "metrics": {k: metrics[k] for k in ("accuracy", "roc_auc", "f1", "log_loss", "train_accuracy")}}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        steps.make(sys.argv[2])
    else:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
