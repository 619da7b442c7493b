"""Makes the models of LightGBM and XGBoost that the tests read, and what their
makers predict of rows: python trees.py (see requirements.txt for what was used).

Rows lie at the thresholds of the models, between them, at zero, and have missing
values and categories that training had not.
"""
import json
import os

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = np.random.default_rng(7)
N, ROWS = 400, 40


def data(missing=True, categories=False):
    x = pd.DataFrame({
        "length": RNG.normal(size=N).round(3),
        "mass": RNG.gamma(2, 2000, size=N).round(1),
        "count": RNG.integers(-3, 4, size=N).astype(float),
        "share": RNG.uniform(size=N),
    })
    score = x["length"] + (x["mass"] > 3000) - 0.3 * x["count"] * (x["share"] > 0.4)
    if categories:
        names = np.array(["amber", "blue", "cyan", "dun", "ecru", "fawn"])
        code = RNG.integers(0, len(names), size=N)
        x["colour"] = pd.Categorical(names[code], categories=names)
        score = score + np.array([2, -1, 0, 1, -2, 0.5])[code]
        x.loc[RNG.uniform(size=N) < 0.1, "colour"] = np.nan
    if missing:
        for name in ["length", "mass"]:
            x.loc[RNG.uniform(size=N) < 0.15, name] = np.nan
    return x, score


def near(x, thresholds):
    """Rows of x with values at, just below and just above thresholds."""
    rows = x.sample(ROWS, random_state=1).reset_index(drop=True).copy()
    for i in range(0, ROWS - 4):
        name, value = thresholds[i % len(thresholds)]
        if abs(value) < 1e-30:  # LightGBM's bounds of zero: it takes what is between them as 0
            rows.loc[i, name] = 0.0
        elif name in rows and rows[name].dtype == float:
            rows.loc[i, name] = [value, np.nextafter(value, -np.inf), np.nextafter(value, np.inf)][i % 3]
    numbers = [c for c in rows if rows[c].dtype == float]
    rows.loc[ROWS - 1, numbers] = 0.0
    rows.loc[ROWS - 2, numbers] = np.nan
    rows.loc[ROWS - 3, numbers] = 1e30
    rows.loc[ROWS - 4, numbers] = -1e30
    return rows


def cells(rows):
    return [[None if pd.isna(v) else v for v in r] for r in rows.astype(object).values.tolist()]


def write(name, rows, predictions, **more):
    doc = {"columns": list(rows.columns), "rows": cells(rows), "predictions": np.asarray(predictions, dtype=float).tolist(), **more}
    with open(os.path.join(HERE, name + ".rows.json"), "w") as f:
        json.dump(doc, f)
        f.write("\n")


def lightgbm(more=False):
    def fit(name, y, x, **params):
        params = {"num_leaves": 7, "min_data_in_leaf": 10, "learning_rate": 0.3, "verbose": -1, "num_threads": 1, "seed": 1, **params}
        rounds = params.pop("rounds", 5)
        b = lgb.train(params, lgb.Dataset(x, y), rounds)
        table = b.trees_to_dataframe()
        splits = table[(table["decision_type"] == "<=")]
        thresholds = [(f, float(t)) for f, t in zip(splits["split_feature"], splits["threshold"])] or [("length", 0.0)]
        b.save_model(os.path.join(HERE, name + ".lgb.txt"))
        rows = near(x, thresholds)
        # LightGBM explains the sum of a forest that it averages, and margins before the sigmoid's factor.
        scale = params.get("sigmoid", 1.0) / (rounds if params.get("boosting") == "rf" else 1)
        write(name + ".lgb", rows, b.predict(rows), contributions=(np.asarray(b.predict(rows, pred_contrib=True)) * scale).tolist())

    if more:
        x, s = data()
        two, three = (s > 0.5).astype(int), pd.cut(s, [-99, 0, 1.2, 99], labels=False)
        forest = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.7}
        fit("forest2", two, x, objective="binary", rounds=3, **forest)
        fit("forest3", three, x, objective="multiclass", num_class=3, rounds=3, **forest)
        fit("forest_poisson", RNG.poisson(np.exp(s / 3)), x, objective="poisson", rounds=3, **forest)
        fit("dart", s, x, objective="regression", boosting="dart", drop_rate=0.6, skip_drop=0.1, rounds=6)
        fit("dart3", three, x, objective="multiclass", num_class=3, boosting="dart", drop_rate=0.6, skip_drop=0.1, rounds=4)
        fit("gamma", np.exp(s / 3), x, objective="gamma", rounds=3)
        fit("tweedie", np.maximum(np.exp(s / 3) - 1, 0), x, objective="tweedie", rounds=3)
        fit("zeros", s, x.fillna(0), objective="regression", use_missing=False, rounds=3)
        numbered, s = data(categories=True)
        numbered["colour"] = pd.Categorical(numbered["colour"].cat.codes.replace(-1, np.nan) * 10)
        fit("numbered", s, numbered, objective="regression", min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1, rounds=3)
        codes = numbered.assign(colour=numbered["colour"].astype(float) / 10)
        fit("codes", s, codes, objective="regression", categorical_feature=[4], min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1, rounds=3)
        return

    x, s = data()
    fit("regression", 10 + s, x, objective="regression")
    fit("binary", (s > 0.5).astype(int), x, objective="binary", sigmoid=1.5)
    fit("classes", pd.cut(s, [-99, 0, 1.2, 99], labels=False), x, objective="multiclass", num_class=3)
    fit("poisson", RNG.poisson(np.exp(s / 3)), x, objective="poisson")
    fit("quantile", s, x, objective="quantile", alpha=0.8)
    fit("forest", s, x, boosting="rf", bagging_freq=1, bagging_fraction=0.6, feature_fraction=0.7, objective="regression")
    full, s = data(missing=False)
    fit("complete", s, full, objective="regression")
    cats, s = data(categories=True)
    fit("categories", (s > 0.5).astype(int), cats, objective="binary", min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1)
    fit("constant", np.full(N, 3.25), full, objective="regression", rounds=2)


def xgboost(more=False):
    def fit(name, y, x, ubj=False, **params):
        params = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 1, "tree_method": "hist", **params}
        rounds = params.pop("rounds", 5)
        b = xgb.train(params, xgb.DMatrix(x, y, enable_categorical=True), rounds)
        table = b.trees_to_dataframe()
        splits = table[table["Split"].notna()]
        thresholds = [(f, float(np.float32(t))) for f, t in zip(splits["Feature"], splits["Split"])] or [("length", 0.0)]
        file = os.path.join(HERE, name + ".xgb.")
        b.save_model(file + "json")
        if ubj:
            b.save_model(file + "ubj")
        rows = near(x, thresholds)
        d = xgb.DMatrix(rows, enable_categorical=True)
        write(name + ".xgb", rows, b.predict(d), margins=b.predict(d, output_margin=True).astype(float).tolist(),
              contributions=b.predict(d, pred_contribs=True).astype(float).tolist())

    if more:
        x, s = data()
        two, three = (s > 0.5).astype(int), pd.cut(s, [-99, 0, 1.2, 99], labels=False)
        dart = {"booster": "dart", "rate_drop": 0.6, "skip_drop": 0.1}
        fit("dart", s, x, objective="reg:squarederror", rounds=6, ubj=True, **dart)
        fit("dart0", s, x, objective="reg:squarederror", base_score=0.75, rounds=0, ubj=True, **dart)
        fit("dart3", three, x, objective="multi:softprob", num_class=3, rounds=3, normalize_type="forest", **dart)
        fit("forest", two, x, objective="binary:logistic", num_parallel_tree=4, eta=1, subsample=0.7, colsample_bynode=0.7, rounds=1)
        fit("tweedie", np.maximum(np.exp(s / 3) - 1, 0), x, objective="reg:tweedie", rounds=3)
        fit("absolute", s, x, objective="reg:absoluteerror", rounds=3)
        fit("quantile", s, x, objective="reg:quantileerror", quantile_alpha=0.8, rounds=3)
        fit("lossguide", s, x, objective="reg:pseudohubererror", grow_policy="lossguide", max_leaves=6, max_depth=0, rounds=3)
        fit("cox", np.exp(s / 3), x, objective="survival:cox", rounds=3)
        numbered, s = data(categories=True)
        numbered["colour"] = numbered["colour"].cat.rename_categories([10, 20, 30, 40, 50, 60])
        fit("numbered", s, numbered, objective="reg:squarederror", max_cat_to_onehot=1, rounds=3)
        return

    x, s = data()
    fit("regression", 10 + s, x, objective="reg:squarederror", ubj=True)
    fit("binary", (s > 0.5).astype(int), x, objective="binary:logistic", ubj=True)
    fit("classes", pd.cut(s, [-99, 0, 1.2, 99], labels=False), x, objective="multi:softprob", num_class=3, ubj=True)
    fit("softmax2", (s > 0.5).astype(int), x, objective="multi:softprob", num_class=2)
    fit("poisson", RNG.poisson(np.exp(s / 3)), x, objective="count:poisson")
    fit("gamma", np.exp(s / 3), x, objective="reg:gamma", base_score=1.7)
    fit("prior", (s > 0.5).astype(int), x, objective="binary:logistic", base_score=0.3, rounds=3)
    fit("parallel", pd.cut(s, [-99, 0, 1.2, 99], labels=False), x, objective="multi:softprob", num_class=3, num_parallel_tree=3, subsample=0.7, rounds=2)
    cats, s = data(categories=True)
    fit("categories", (s > 0.5).astype(int), cats, objective="binary:logistic", max_cat_to_onehot=1, ubj=True)
    fit("onehot", (s > 0.5).astype(int), cats, objective="binary:logistic", max_cat_to_onehot=100)
    codes = cats.assign(colour=cats["colour"].cat.codes.astype(float).where(cats["colour"].notna()))
    fit("constant", np.full(N, 3.25), codes[["length", "mass"]], objective="reg:squarederror", rounds=2)


if __name__ == "__main__":
    lightgbm()
    xgboost()
    lightgbm(more=True)
    xgboost(more=True)
