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
