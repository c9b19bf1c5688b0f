"""deltarule beside scikit-learn: the same records, the same split, defaults on both sides. Writes a table in Markdown.

    cargo build --release
    pip install scikit-learn pandas
    python docs/comparison.py [FOLDER]

FOLDER holds admissions.csv, adult.csv and bike_hour.csv, which are not part of this project; without it they are left out.
A quarter of the records is held out, drawn with a fixed seed, stratified for classes. scikit-learn gets its usual pipeline:
StandardScaler for numbers, OneHotEncoder for categories.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.metrics import log_loss, r2_score, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target" / "release" / "deltarule"
CLASSES = [("breast_cancer.csv", "diagnosis"), ("iris.csv", "species"), ("admissions.csv", "admit"), ("adult.csv", "label")]
NUMBERS = [("diabetes.csv", "progression"), ("bike_hour.csv", "cnt")]
DROP = {"bike_hour.csv": ["casual", "registered", "instant", "dteday"]}


def pipeline(estimator):
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, estimator)


def ours(train, test, target):
    """What deltarule says of the held-out records."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/train.csv", f"{folder}/test.csv"]
        train.to_csv(paths[0], index=False)
        test.to_csv(paths[1], index=False)
        command = [PROGRAM, "train", paths[0], "--valid", paths[1], "--target", target, "--json"]
        result = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return result


def class_row(name, frame, target):
    train, test = train_test_split(frame, test_size=0.25, random_state=0, stratify=frame[target])
    result = ours(train, test, target)
    held_out = result["held_out"]
    scores = {
        "baseline": held_out["baseline"],
        f"deltarule ({result['stop']['reason']})": held_out["model"],
    }
    for estimator in [LogisticRegression(max_iter=10_000), SGDClassifier(loss="log_loss", random_state=0)]:
        model = pipeline(estimator).fit(train.drop(columns=target), train[target])
        p = model.predict_proba(test.drop(columns=target))
        y = test[target]
        auc = roc_auc_score(y, p[:, 1]) if p.shape[1] == 2 else roc_auc_score(y, p, multi_class="ovr")
        accuracy = float(numpy.mean(model.classes_[p.argmax(axis=1)] == y))
        scores[type(estimator).__name__] = {"accuracy": accuracy, "auc": auc, "log_loss": log_loss(y, p)}
    for model, score in scores.items():
        print(f"| {name} | {len(test)} | {model} | {score['accuracy']:.4f} | {score['auc']:.4f} | {score['log_loss']:.4f} |")


def number_row(name, frame, target):
    train, test = train_test_split(frame, test_size=0.25, random_state=0)
    result = ours(train, test, target)
    held_out = result["held_out"]["targets"][0]
    rows = {
        "baseline": (held_out["baseline"]["rmse"], held_out["baseline"]["r_squared"]),
        f"deltarule ({result['stop']['reason']})": (held_out["model"]["rmse"], held_out["model"]["r_squared"]),
    }
    for estimator in [LinearRegression(), SGDRegressor(random_state=0)]:
        model = pipeline(estimator).fit(train.drop(columns=target), train[target])
        predicted = model.predict(test.drop(columns=target))
        rows[type(estimator).__name__] = (root_mean_squared_error(test[target], predicted), r2_score(test[target], predicted))
    for model, (rmse, r_squared) in rows.items():
        print(f"| {name} | {len(test)} | {model} | {rmse:.4f} | {r_squared:.4f} |")


def tables(named, folder):
    for name, target in named:
        path = ROOT / "examples" / name
        if not path.exists():
            if folder is None:
                continue
            path = folder / name
        yield name, pandas.read_csv(path).drop(columns=DROP.get(name, [])), target


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    print("| table | held out | model | accuracy | AUC | log loss |\n|---|---|---|---|---|---|")
    for table in tables(CLASSES, folder):
        class_row(*table)
    print("\n| table | held out | model | RMSE | R² |\n|---|---|---|---|---|")
    for table in tables(NUMBERS, folder):
        number_row(*table)


if __name__ == "__main__":
    main()
