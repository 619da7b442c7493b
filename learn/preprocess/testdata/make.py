"""Writes reference.json: what pandas and scikit-learn make of a small table.

    pip install pandas scikit-learn && python make.py

Every case is a spec of ours (kind and params), the rows that it is fitted on,
the rows that it transforms, and the columns that the reference gives for them.
"""
import json, pathlib
import numpy as np, pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler, TargetEncoder

rng = np.random.default_rng(7)


def frame(n, extra):
    a = rng.normal(3, 2, n)
    df = pd.DataFrame({
        "a": a, "b": 2 * a + rng.normal(0, .5, n), "c": rng.exponential(100, n), "k": rng.integers(0, 5, n).astype(float),
        "same": np.full(n, 7.25), "large": 1e5 + rng.normal(0, 1, n),
        "city": rng.choice(["Rome", "Oslo", "Bern", "Lima", "Kyiv", "Cork"] + extra, n),
        "text": [" ".join(rng.choice(["the", "running", "dogs", "run", "in", "Cities", "city", "relational", "data", "is", "streams"], 6)) for _ in range(n)],
        "when": pd.to_datetime("2023-11-28 22:15:07") + pd.to_timedelta(rng.integers(0, 900 * 86400, n), unit="s"),
    })
    for name in ("a", "b", "c", "k"):
        df.loc[rng.random(n) < .2, name] = np.nan
    return df


train, test = frame(60, []), frame(25, ["Perth"])
numbers = ["a", "b", "c", "k"]
y_number = np.where(train["city"].isin(["Rome", "Oslo"]), 5.0, 1.0) + rng.normal(0, 1, 60)
y_two = (y_number > 3).astype(int)
y_three = rng.integers(0, 3, 60)


def column(s):
    if s.dtype.kind == "M":
        return {"type": "time", "values": [v.isoformat() + "Z" for v in s]}
    if s.dtype.kind in "fiu":
        return {"type": "float64", "values": [None if np.isnan(v) else float(v) for v in s]}
    return {"type": "string", "values": [None if v is None or v != v else str(v) for v in s]}


def pack(df):
    return {name: column(df[name]) for name in df.columns}


cases = []


def case(name, kind, params, result, target=None):
    """result: what the columns of test become."""
    c = {"name": name, "kind": kind, "params": params, "test": pack(pd.DataFrame(result))}
    if target is not None:
        c["target"] = target
    cases.append(c)


def sk(estimator, columns, names=None):
    estimator.fit(train[columns])
    out = estimator.transform(test[columns])
    return pd.DataFrame(np.asarray(out), columns=names or columns)


for strategy, ours in (("mean", "mean"), ("median", "median"), ("most_frequent", "mode")):
    case(f"SimpleImputer {strategy}", "impute", {"columns": numbers, "numeric": ours}, sk(SimpleImputer(strategy=strategy), numbers))
case("SimpleImputer constant, indicators", "impute", {"columns": numbers, "numeric": "constant", "constant": -1.5, "indicators": True},
     sk(SimpleImputer(strategy="constant", fill_value=-1.5, add_indicator=True), numbers, numbers + [n + "_missing" for n in numbers]))
knn = ["a", "b", "c", "large"]  # no equally near donors, which scikit-learn takes in no certain order
for k in (1, 5):
    case(f"KNNImputer {k}", "impute", {"columns": knn, "numeric": "knn", "neighbors": k}, sk(KNNImputer(n_neighbors=k), knn))
case("IterativeImputer", "impute", {"columns": numbers, "numeric": "iterative", "ridge": .5},
     sk(IterativeImputer(Ridge(alpha=.5), skip_complete=True, random_state=0), numbers))

case("cap upper", "cap", {"columns": numbers}, test[numbers].clip(upper=train[numbers].quantile(.99), axis=1))
case("cap both", "cap", {"columns": numbers, "method": "both", "quantile": .9},
     test[numbers].clip(train[numbers].quantile(1 - .9), train[numbers].quantile(.9), axis=1))
q1, q3 = train[numbers].quantile(.25), train[numbers].quantile(.75)
case("cap iqr", "cap", {"columns": numbers, "method": "iqr", "factor": .5}, test[numbers].clip(q1 - .5 * (q3 - q1), q3 + .5 * (q3 - q1), axis=1))

edges, labels = [0, 1, 2, 4], ["low", "mid", "high"]
for lowest in (False, True):
    cut = pd.cut(test["k"], edges, labels=labels, include_lowest=lowest)
    case(f"pd.cut include_lowest={lowest}", "bin", {"columns": ["k"], "edges": edges, "labels": labels, "include_lowest": lowest, "into": "k_group"}, {"k_group": cut.astype(object)})
_, qedges = pd.qcut(train["c"], 4, retbins=True)
inside = test["c"].clip(qedges[0], qedges[-1])
case("pd.qcut", "bin", {"columns": ["c"], "bins": 4, "codes": True}, {"c_bin": pd.cut(inside, qedges, labels=False, include_lowest=True)})
wedges = np.linspace(train["c"].min(), train["c"].max(), 8)
inside = test["c"].clip(wedges[0], wedges[-1])
case("equal width", "bin", {"columns": ["c"], "bins": 7, "method": "width", "codes": True}, {"c_bin": pd.cut(inside, wedges, labels=False, include_lowest=True)})

for args, ours in (({}, {}), ({"drop": "first"}, {"drop_first": True}), ({"max_categories": 4}, {"max_categories": 4})):
    e = OneHotEncoder(sparse_output=False, handle_unknown="ignore", **args)
    out = sk(e, ["city"], list(e.fit(train[["city"]]).get_feature_names_out()))
    out.columns = [c.replace("infrequent_sklearn", "infrequent") for c in out.columns]
    case(f"OneHotEncoder {args}", "onehot", {"columns": ["city"], **ours}, out)
case("OrdinalEncoder", "ordinal", {"columns": ["city"]}, sk(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), ["city"]))
case("value_counts", "frequency", {"columns": ["city"]}, {"city": test["city"].map(train["city"].value_counts(normalize=True)).fillna(0)})

for smooth in ("auto", 3.0):
    for name, y in (("regression", y_number), ("two classes", y_two), ("three classes", y_three)):
        e = TargetEncoder(smooth=smooth, target_type={"r": "continuous", "t": "binary"}.get(name[0]) if name != "three classes" else "multiclass").fit(train[["city"]], y)
        out = e.transform(test[["city"]])
        names = ["city"] if out.shape[1] == 1 else [f"city_{k}" for k in range(3)]
        case(f"TargetEncoder {smooth} {name}", "target", {"columns": ["city"], **({} if smooth == "auto" else {"smooth": smooth})}, pd.DataFrame(out, columns=names),
             target={"task": "regression", "values": list(map(float, y))} if name == "regression" else {"task": "classification", "labels": y.tolist(), "classes": [str(v) for v in sorted(set(y.tolist()))]})

scaled = numbers + ["same", "large"]
for e, method in ((StandardScaler(), "standard"), (MinMaxScaler(), "minmax"), (RobustScaler(), "robust")):
    case(type(e).__name__, "scale", {"columns": scaled, "method": method}, sk(e, scaled))

for args, ours in (({}, {}), ({"stop_words": "english", "ngram_range": (1, 2), "sublinear_tf": True, "min_df": 3, "max_df": .8},
                              {"stop_words": True, "ngrams": 2, "sublinear": True, "min_rows": 3, "max_share": .8})):
    e = TfidfVectorizer(**args).fit(train["text"])
    case(f"TfidfVectorizer {args}", "tfidf", {"columns": ["text"], "max_features": 1000, **ours},
         pd.DataFrame(e.transform(test["text"]).toarray(), columns=["text_" + n for n in e.get_feature_names_out()]))
h = HashingVectorizer(n_features=16).transform(test["text"]).toarray()
case("HashingVectorizer", "hashtext", {"columns": ["text"], "features": 16}, pd.DataFrame(h, columns=[f"text_{k}" for k in range(16)]))

w = test["when"].dt
case("dt accessors", "dateparts", {"columns": ["when"], "parts": ["year", "quarter", "month", "day", "weekday", "hour", "minute", "second", "dayofyear", "week", "elapsed"]},
     {"when_year": w.year, "when_quarter": w.quarter, "when_month": w.month, "when_day": w.day, "when_weekday": w.day_of_week, "when_hour": w.hour,
      "when_minute": w.minute, "when_second": w.second, "when_dayofyear": w.day_of_year, "when_week": w.isocalendar().week.astype(int),
      "when_elapsed": (test["when"] - train["when"].min()) / pd.Timedelta(days=1)})
case("product", "interact", {"pairs": [["a", "c"]], "into": "interaction_feature"}, {"interaction_feature": test["a"] * test["c"]})

# The cross-fitted training rows: scikit-learn's encodings of each fold by the others, in unshuffled folds of twelve rows.
cross = TargetEncoder(shuffle=False, target_type="continuous").fit_transform(train[["city"]], y_number)[:, 0]
doubled = pd.concat([train[numbers].round(0), train[numbers].round(0).iloc[::3], train[numbers].round(0)], ignore_index=True)

out = {"train": pack(train), "test": pack(test), "cases": cases,
       "cross": {"values": list(map(float, y_number)), "city": list(map(float, cross))},
       "duplicates": {"table": pack(doubled), "kept": doubled.drop_duplicates().index.tolist(), "complete": doubled.dropna().index.tolist()}}
pathlib.Path(__file__).with_name("reference.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
