"""The Python package beside scikit-learn's estimators: scores and the time to fit. Writes tables in Markdown.

    pip install deltarule scikit-learn pandas
    python docs/python_comparison.py [FOLDER] [--rows 1000,10000] [--repeats 5] [--splits 5]

FOLDER holds adult.csv and bike_hour.csv, which are not part of this project; without it they are left out. scikit-learn gets its usual
pipeline, StandardScaler for numbers and OneHotEncoder for text, and deltarule the frame as it is.
"""

import argparse
import pathlib
import platform
import statistics
import time
import warnings

import numpy
import pandas
import sklearn
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import deltarule
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor

DROP = ["casual", "registered", "instant", "dteday"]


def pipeline(estimator):
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, estimator)


def tables(folder):
    """The tables: name, frame, target, whether it has classes."""
    for name, load, of_classes in [
        ("diabetes", datasets.load_diabetes, False),
        ("breast cancer", datasets.load_breast_cancer, True),
        ("digits", datasets.load_digits, True),
    ]:
        x, y = load(return_X_y=True, as_frame=True)
        yield name, x, y, of_classes
    if folder:
        bike = pandas.read_csv(folder / "bike_hour.csv").drop(columns=DROP)
        yield "bike_hour", bike.drop(columns="cnt"), bike["cnt"], False
        adult = pandas.read_csv(folder / "adult.csv")
        yield "adult", adult.drop(columns="label"), adult["label"], True


def models(n, of_classes):
    """What is compared; λ₂ = 1/N is the penalty that LogisticRegression and Ridge have with their defaults."""
    if of_classes:
        return {
            "DeltaRuleClassifier()": lambda: DeltaRuleClassifier(),
            'DeltaRuleClassifier(optimizer="lbfgs")': lambda: DeltaRuleClassifier(optimizer="lbfgs"),
            'DeltaRuleClassifier(loss="log", l2=1/N)': lambda: DeltaRuleClassifier(loss="log", l2=1 / n),
            "LogisticRegression()": lambda: pipeline(LogisticRegression(max_iter=1000)),
            'SGDClassifier(loss="log_loss")': lambda: pipeline(SGDClassifier(loss="log_loss", random_state=0)),
        }
    return {
        "DeltaRuleRegressor()": lambda: DeltaRuleRegressor(),
        "DeltaRuleRegressor(l2=1/N)": lambda: DeltaRuleRegressor(l2=1 / n),
        "Ridge()": lambda: pipeline(Ridge()),
        "SGDRegressor()": lambda: pipeline(SGDRegressor(random_state=0)),
    }


def fitted(make, x, y):
    """A fitted model and the seconds that it took."""
    model = make()
    start = time.perf_counter()
    model.fit(x, y)
    return model, time.perf_counter() - start


def scores(folder, n_splits):
    print("| table | model | score | log loss | seconds to fit |\n|---|---|---|---|---|")
    for name, x, y, of_classes in tables(folder):
        split = (StratifiedShuffleSplit if of_classes else ShuffleSplit)(n_splits, test_size=0.25, random_state=0)
        found = {}
        for train, test in split.split(x, y):
            for title, make in models(len(train), of_classes).items():
                model, seconds = fitted(make, x.iloc[train], y.iloc[train])
                proba = model.predict_proba(x.iloc[test]) if of_classes else None
                loss = log_loss(y.iloc[test], proba, labels=model.classes_) if of_classes else float("nan")
                found.setdefault(title, []).append((model.score(x.iloc[test], y.iloc[test]), loss, seconds))
        for title, runs in found.items():
            score, loss, seconds = zip(*runs)
            loss = f"{statistics.mean(loss):.4f}" if of_classes else ""
            print(f"| {name} | `{title}` | {statistics.mean(score):.4f} | {loss} | {statistics.median(seconds):.4f} |")


#: How many epochs are tried, one after the other, until a score is reached.
EPOCHS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000, None]


def to_a_score(folder, n_splits):
    """How long it takes to be as good as SGD's estimators on the records held out: fits with more and more epochs, and the time of the first."""
    print("\n| table | model | epochs | score | seconds to fit | of SGD's |\n|---|---|---|---|---|---|")
    for name, x, y, of_classes in tables(folder):
        split = (StratifiedShuffleSplit if of_classes else ShuffleSplit)(n_splits, test_size=0.25, random_state=0)
        settings = {"loss": "log"} if of_classes else {}
        ours = DeltaRuleClassifier if of_classes else DeltaRuleRegressor
        found = {"SGD": [], "ours": []}
        for train, test in split.split(x, y):
            known = models(len(train), of_classes)
            title = next(title for title in known if title.startswith("SGD"))
            rows = x.iloc[train], y.iloc[train]
            model, seconds = fitted(known[title], *rows)
            score = model.score(x.iloc[test], y.iloc[test])
            found["SGD"].append((model[-1].n_iter_, score, seconds))
            for epochs in EPOCHS:
                model, seconds = fitted(lambda: ours(l2=1 / len(train), epochs=epochs, **settings), *rows)
                own = model.score(x.iloc[test], y.iloc[test])
                if own >= score or epochs is None:
                    found["ours"].append((model.n_iter_, own, seconds))
                    break
        words = "".join(f'{name}="{value}", ' for name, value in settings.items())
        of_peer = statistics.median(seconds for *_, seconds in found["SGD"])
        for title, runs in [(title, found["SGD"]), (f"{ours.__name__}({words}l2=1/N, epochs=…)", found["ours"])]:
            epochs, scores, seconds = zip(*runs)
            epochs, score, seconds = statistics.median(epochs), statistics.mean(scores), statistics.median(seconds)
            print(f"| {name} | `{title}` | {epochs:.0f} | {score:.4f} | {seconds:.4f} | {seconds / of_peer:.2f} |")


def made(n, of_classes, d=30):
    """A table of n records, columns of very different scales, and as many to score on, up to 200,000."""
    random = numpy.random.default_rng(n)
    m = n + min(n, 200_000)
    x = random.normal(size=(m, d)) * 10.0 ** random.uniform(-2, 3, d) + random.normal(size=d)
    h = (x - x.mean(0)) / x.std(0) @ random.normal(size=d)
    h += random.normal(size=m)
    y = (h > 0).astype(int) if of_classes else h
    return (x[:n], y[:n]), (x[n:], y[n:])


def speed(sizes, repeats):
    print("\n| records | model | score | seconds to fit | of SGD's |\n|---|---|---|---|---|")
    for of_classes in [False, True]:
        for n in sizes:
            train, test = made(n, of_classes)
            if of_classes:
                ours, theirs = DeltaRuleClassifier, make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0))
                peer, settings = 'SGDClassifier(loss="log_loss")', {"loss": "log"}
            else:
                ours, theirs = DeltaRuleRegressor, make_pipeline(StandardScaler(), SGDRegressor(random_state=0))
                peer, settings = "SGDRegressor()", {}
            words = ", ".join(f'{name}="{value}"' for name, value in settings.items())
            comma = ", " if words else ""
            makers = {
                peer: lambda: sklearn.base.clone(theirs),
                f"{ours.__name__}({words})": lambda: ours(**settings),
                f"{ours.__name__}({words}{comma}n_jobs=1)": lambda: ours(n_jobs=1, **settings),
            }
            times = {title: [] for title in makers}
            score = {}
            for _ in range(repeats):
                for title, make in makers.items():
                    model, seconds = fitted(make, *train)
                    times[title].append(seconds)
                    score[title] = model.score(*test)
            of_peer = statistics.median(times[peer])
            for title, seconds in times.items():
                seconds = statistics.median(seconds)
                print(f"| {n:,} | `{title}` | {score[title]:.4f} | {seconds:.4f} | {seconds / of_peer:.2f} |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", nargs="?", type=pathlib.Path)
    arguments.add_argument("--rows", default="1000,10000,100000,1000000")
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--splits", type=int, default=5)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    print(f"deltarule {deltarule.__version__}, scikit-learn {sklearn.__version__}, numpy {numpy.__version__}, Python {platform.python_version()}\n")
    scores(given.folder, given.splits)
    to_a_score(given.folder, given.splits)
    speed([int(n) for n in given.rows.split(",")], given.repeats)


if __name__ == "__main__":
    main()
