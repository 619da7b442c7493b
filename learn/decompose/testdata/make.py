"""Writes reference.json: scikit-learn's PCA of the penguins, imputed and standardised."""
import json
from pathlib import Path

import pandas as pd
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

here = Path(__file__).parent
x = pd.read_csv(here / "../../../examples/penguins/penguins.csv").select_dtypes("number")
pipe = make_pipeline(SimpleImputer(), StandardScaler(), PCA())
scores, pca = pipe.fit_transform(x), pipe[-1]
out = {
    "columns": [[None if pd.isna(v) else float(v) for v in x[c]] for c in x],
    "components": pca.components_.tolist(), "variance": pca.explained_variance_.tolist(),
    "share": pca.explained_variance_ratio_.tolist(), "scores": scores[:10].T.tolist(),
}
(here / "reference.json").write_text(json.dumps(out) + "\n")
