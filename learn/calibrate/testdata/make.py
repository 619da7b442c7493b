"""Reference values of package calibrate: scikit-learn's sigmoid and isotonic."""
import json
import numpy as np
import sklearn
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(0)
n = 200
scores = np.round(rng.normal(size=n) * 2, 2)
y = (rng.random(n) < 1 / (1 + np.exp(-0.7 * scores + 0.4))).astype(int)
w = np.round(rng.random(n) + 0.1, 2)
at = np.round(np.linspace(-8, 8, 33), 3)
out = {"sklearn": sklearn.__version__, "scores": scores.tolist(), "y": y.tolist(), "weights": w.tolist(), "at": at.tolist()}
for name, weights in [("plain", None), ("weighted", w)]:
    s = _SigmoidCalibration().fit(scores, y, weights)
    i = IsotonicRegression(out_of_bounds="clip").fit(scores, y, weights)
    out[name] = {"a": s.a_, "b": s.b_, "isotonic": i.predict(at).tolist()}
json.dump(out, open("reference.json", "w"))

# Whole models: of one that has no margin, and of one that has.
import warnings
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

warnings.filterwarnings("ignore")
n = 90
three = rng.integers(0, 3, size=n)
x = np.round(rng.normal(size=(n, 2)) + np.stack([three, three % 2], axis=1), 2)
models = {"x": x.tolist(), "y": three.tolist(), "cases": []}
for classes in [2, 3]:
    y = three % classes
    for name, model in [("naive_bayes", GaussianNB()), ("logistic", LogisticRegression(tol=1e-10))]:
        if name == "logistic" and classes == 3:
            continue  # whose decision_function is not what the log-odds are of
        fitted = FrozenEstimator(model.fit(x, y))
        p = CalibratedClassifierCV(fitted, method="sigmoid").fit(x, y).predict_proba(x)
        models["cases"].append({"model": name, "classes": classes, "probabilities": np.round(p, 7).tolist()})
json.dump(models, open("models.json", "w"))
