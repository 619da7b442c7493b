"""Writes porter.json and tokens.json: what snowballstemmer's porter, and
scikit-learn's analyzers and murmurhash, make of words and sentences.

    pip install scikit-learn snowballstemmer && python make.py
"""
import json, pathlib, re, sklearn.cluster, sklearn.datasets as d, sklearn.ensemble, sklearn.linear_model, snowballstemmer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import murmurhash3_32

here = pathlib.Path(__file__).parent
text = " ".join(f().DESCR for f in (d.load_iris, d.load_wine, d.load_breast_cancer, d.load_diabetes, d.load_digits, d.load_linnerud))
for module in (sklearn.cluster, sklearn.ensemble, sklearn.linear_model):
    text += " ".join(getattr(module, name).__doc__ or "" for name in module.__all__)
text += """ caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping tanned falling hissing
fizzed failing filing happy sky relational conditional rational valenci hesitanci digitizer conformabli radicalli differentli vileli analogousli
vietnamization predication operator feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti triplicate formative
formalize electriciti electrical hopeful goodness revival allowance inference airliner gyroscopic adjustable defensible irritant replacement
adjustment dependent adoption homologou communism activate angulariti homologous effective bowdlerize probate rate cease controll roll
generalizations oscillators yes yielding by being aye say syzygy sayings tying ion opinion onion bus busses es eing ed ing eed"""
words = sorted(set(re.findall(r"[a-z]{3,}", text.lower())))
stemmer = snowballstemmer.stemmer("porter")
(here / "porter.json").write_text(json.dumps({w: stemmer.stemWord(w) for w in words}, indent=0) + "\n")

sentences = ["The quick brown Foxes, it's said, JUMPED over 3 lazy dogs!", "", "a b c", "Grüße aus Köln — naïve café", "snake_case and x2 or 42",
             "Привет мир", "日本語 テスト", "don't stop believing...", "e-mail@example.com: 10.5% off"]
out = []
for s in sentences:
    out.append({"text": s,
                "tokens": TfidfVectorizer().build_analyzer()(s),
                "terms": TfidfVectorizer(stop_words="english", ngram_range=(1, 3)).build_analyzer()(s),
                "hash": murmurhash3_32(s, seed=0, positive=True)})
(here / "tokens.json").write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
