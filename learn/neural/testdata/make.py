"""Writes pytorch.json: some steps of training by PyTorch (float64), of networks that
have everything that runnel's have but dropout, whose random numbers differ.

    pip install torch numpy && python make.py
"""

import json

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
ROWS, STEPS = 12, 5
rng = np.random.default_rng(1)
x = rng.normal(size=(ROWS, 3)) * [2, 0.5, 10] + [1, 0, -5]
labels = rng.integers(0, 3, ROWS)
labels[:3] = [0, 1, 2]
values = x @ [1, -2, 0.3] + 4


def standard(v):
    return (v - v.mean(0)) / v.std(0)


def steps(activation, optimiser, norm, task, hidden=(5, 4)):
    torch.manual_seed(2)
    layers, dense, inputs = [], [], 3
    for units in hidden:
        dense.append(torch.nn.Linear(inputs, units))
        layers.append(dense[-1])
        if norm:
            layers.append(torch.nn.BatchNorm1d(units))
        layers.append({"relu": torch.nn.ReLU(), "tanh": torch.nn.Tanh(), "gelu": torch.nn.GELU(approximate="tanh")}[activation])
        inputs = units
    dense.append(torch.nn.Linear(inputs, 3 if task == "classification" else 1))
    model = torch.nn.Sequential(*layers, dense[-1])
    # The weights are those of a float32, as runnel's begin.
    for p in model.parameters():
        p.data = p.data.float().double()
    weights = lambda: [[l.weight.detach().T.flatten().tolist(), l.bias.detach().tolist()] for l in dense]
    begin = weights()
    decays = [l.weight for l in dense]
    others = [p for p in model.parameters() if not any(p is w for w in decays)]
    solver = {
        "adam": lambda: torch.optim.Adam(model.parameters(), lr=0.02),
        "adamw": lambda: torch.optim.AdamW([{"params": decays, "weight_decay": 0.3}, {"params": others, "weight_decay": 0}], lr=0.02),
        "sgd": lambda: torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.8),
        "nesterov": lambda: torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.8, nesterov=True),
    }[optimiser]()
    in_, losses = torch.tensor(standard(x)), []
    for _ in range(STEPS):
        solver.zero_grad()
        out = model(in_)
        if task == "classification":
            loss = torch.nn.functional.cross_entropy(out, torch.tensor(labels))
        else:
            loss = 0.5 * ((out[:, 0] - torch.tensor(standard(values))) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        solver.step()
    model.eval()
    out = model(in_).detach()
    predicted = out.softmax(1) if task == "classification" else out * values.std() + values.mean()
    return {"activation": activation, "solver": optimiser, "batch_norm": norm, "task": task, "begin": begin, "losses": losses,
            "end": weights(), "predicted": predicted.flatten().tolist()}


cases = [
    steps("relu", "adam", False, "classification"),
    steps("tanh", "adamw", False, "classification"),
    steps("gelu", "sgd", False, "regression"),
    steps("relu", "nesterov", True, "classification"),
    steps("gelu", "adamw", True, "regression"),
    steps("tanh", "adam", True, "classification"),
]
with open("pytorch.json", "w") as f:
    json.dump({"x": x.T.tolist(), "labels": labels.tolist(), "values": values.tolist(), "hidden": [5, 4], "rate": 0.02, "cases": cases}, f)
