"""Writes mission.json: what the mission's own code makes of two tables.

    pip install pandas scikit-learn && python make.py

clean_data and engineer_features are the mission's, with one change: what they
learn from data (means, quantiles) they learn from the training rows. Row i of a
file is a test row where i % 4 == 1. Duplicates are taken out first.
"""
import io, json, pathlib
import numpy as np, pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, mean_absolute_error, mean_squared_error, r2_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

here = pathlib.Path(__file__).parent
penguins = (here / "../../../examples/penguins/penguins.csv").read_text()


def people(n=80):
    rng = np.random.default_rng(3)
    df = pd.DataFrame({
        "age": np.round(rng.uniform(1, 119, n)), "height": np.round(rng.normal(170, 12, n), 1), "income": np.round(rng.lognormal(8, 1.5, n), 2),
        "signup_date": rng.choice(["2024-01-05", "2023-11-30", "not known", "2022-02-28", "2024-13-01"], n, p=[.4, .3, .1, .1, .1]),
        "bought": rng.integers(0, 2, n),
    })
    df.loc[rng.random(n) < .15, "age"] = np.nan
    df.loc[rng.random(n) < .15, "income"] = np.nan
    df = df.iloc[np.sort(np.append(np.arange(n), rng.integers(0, n, 6)))]
    return df.to_csv(index=False)


def clean_data(df, train, target):
    numeric_cols = [c for c in df.select_dtypes(include=["float64", "int64"]).columns if c != target]
    for col in numeric_cols:
        df[col] = df[col].astype(float).fillna(df.loc[train, col].mean())
    for col in [c for c in df.columns if "date" in c.lower()]:
        df[col] = pd.to_datetime(df[col], errors="coerce", format="%Y-%m-%d")
    for col in numeric_cols:
        upper_limit = df.loc[train, col].quantile(.99)
        df.loc[df[col] > upper_limit, col] = upper_limit
    return df


def engineer_features(df):
    df["age_group"] = pd.cut(df["age"], bins=[0, 18, 30, 50, 80, 120], labels=["Child", "Youth", "Adult", "Mid-Age", "Senior"])
    df["interaction_feature"] = df["height"] * df["income"]
    return pd.get_dummies(df, columns=["age_group"], drop_first=True)


def prepared(text, target):
    df = pd.read_csv(io.StringIO(text))
    test = np.arange(len(df)) % 4 == 1
    # Rows to learn from count as before the others.
    order = np.concatenate([np.where(~test)[0], np.where(test)[0]])
    kept = np.sort(df.iloc[order].drop_duplicates().index)
    kept = [i for i in kept if not pd.isna(df[target].iloc[i])]
    test = test[kept]
    return kept, clean_data(df.iloc[kept].reset_index(drop=True), ~test, target), test


def values(df):
    out = {}
    for c in df.columns:
        v = df[c]
        if v.dtype.kind == "M":
            v = v.map(lambda t: None if pd.isna(t) else t.strftime("%Y-%m-%d"))
        elif v.dtype.kind in "bui":
            v = v.astype(float)
        out[c] = [None if pd.isna(x) else x for x in v.astype(object)]
    return out


cases = []
text = people()
kept, df, test = prepared(text, "bought")
cases.append({"name": "people", "csv": text, "target": "bought", "kept": [int(i) for i in kept], "clean": values(df), "features": values(engineer_features(df.copy()))})
kept, df, test = prepared(penguins, "species")
cases.append({"name": "penguins", "csv": penguins, "target": "species", "kept": [int(i) for i in kept], "clean": values(df)})

scores = {}
numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
x, y = df[numbers].astype(float), df["species"]
s = StandardScaler().fit(x[~test])
m = LogisticRegression(max_iter=10_000, tol=1e-10).fit(s.transform(x[~test]), y[~test])
p, said = m.predict_proba(s.transform(x[test])), m.predict(s.transform(x[test]))
scores["logistic"] = {"accuracy": accuracy_score(y[test], said), "f1_macro": f1_score(y[test], said, average="macro"),
                      "log_loss": log_loss(y[test], p), "roc_auc": roc_auc_score(y[test], p, multi_class="ovr"), "confusion": confusion_matrix(y[test], said).tolist()}
forest = [RandomForestClassifier(100, max_depth=10, random_state=k).fit(x[~test], y[~test]).score(x[test], y[test]) for k in range(10)]
scores["random_forest"] = {"accuracy": float(np.mean(forest))}

kept, df, test = prepared(penguins, "body_mass_g")
numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "year"]
x, y = df[numbers].astype(float), df["body_mass_g"]
s = StandardScaler().fit(x[~test])
for name, m in {"linear": LinearRegression(), "ridge": Ridge()}.items():
    said = m.fit(s.transform(x[~test]), y[~test]).predict(s.transform(x[test]))
    scores[name] = {"r2": r2_score(y[test], said), "mse": mean_squared_error(y[test], said), "mae": mean_absolute_error(y[test], said)}
forest = [RandomForestRegressor(100, max_depth=10, random_state=k).fit(x[~test], y[~test]).score(x[test], y[test]) for k in range(10)]
scores["random_forest_r2"] = {"r2": float(np.mean(forest))}

json.dump({"cases": cases, "scores": scores}, open(here / "mission.json", "w"), indent=0, default=float)
