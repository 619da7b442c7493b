"""PyTorch and scikit-learn's MLPClassifier, the peers of bench/mlp.

    python -P mlp.py FOLDER pytorch|sklearn SEED     fits on MNIST in the folder, and prints what it took as JSON

Pixels are standardised one by one, as runnel's network does it itself: here that is no
part of what is measured. Both have 2 threads.
"""

import json
import os
import pathlib
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np

HIDDEN, EPOCHS, BATCH, RATE = (256, 128), 5, 128, 1e-3


def read(folder, name):
    x = np.fromfile(folder / f"{name}-images-idx3-ubyte", "u1", offset=16).reshape(-1, 784).astype("f4")
    return x, np.fromfile(folder / f"{name}-labels-idx1-ubyte", "u1", offset=8).astype("i8")


def pytorch(x, y, seed):
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(2)
    layers, inputs = [], x.shape[1]
    for units in HIDDEN:
        layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU()]
        inputs = units
    model = torch.nn.Sequential(*layers, torch.nn.Linear(inputs, 10))
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def fit():
        adam = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
        for _ in range(EPOCHS):
            order = torch.randperm(len(x))
            for at in range(0, len(x), BATCH):
                rows = order[at : at + BATCH]
                adam.zero_grad()
                torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
                adam.step()

    def predict(x):
        with torch.no_grad():
            return model(torch.from_numpy(x)).argmax(1).numpy()

    return fit, predict


def sklearn(x, y, seed):
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    model = MLPClassifier(HIDDEN, max_iter=EPOCHS, batch_size=BATCH, learning_rate_init=RATE, alpha=0, random_state=seed)
    return lambda: model.fit(x, y), model.predict


def main(folder, peer, seed):
    x, y = read(folder, "train")
    test_x, test_y = read(folder, "t10k")
    mean, deviation = x.mean(0), x.std(0)
    deviation[deviation == 0] = 1
    x, test_x = (x - mean) / deviation, (test_x - mean) / deviation
    fit, predict = {"pytorch": pytorch, "sklearn": sklearn}[peer](x, y, seed)
    start, busy = time.perf_counter(), time.process_time()
    fit()
    took, busy = time.perf_counter() - start, time.process_time() - busy
    start, batch = time.perf_counter(), time.process_time()
    score = float((predict(test_x) == test_y).mean())
    print(json.dumps({"fit": took, "busy": busy, "predict": time.perf_counter() - start, "predict_busy": time.process_time() - batch, "score": score}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
