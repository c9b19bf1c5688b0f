"""Writes the tables in this folder from scikit-learn's copies of them, in their original units.

    pip install scikit-learn
    python examples/make_examples.py

Whole numbers are written without a point, all others with the digits of the source. Only ten.csv is our own.
"""

import csv
import pathlib

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

FOLDER = pathlib.Path(__file__).parent


def number(value):
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def write(name, header, rows):
    with open(FOLDER / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    diabetes = load_diabetes(scaled=False)
    write(
        "diabetes.csv",
        [*diabetes.feature_names, "progression"],
        [[*map(number, x), number(y)] for x, y in zip(diabetes.data, diabetes.target)],
    )
    cancer = load_breast_cancer()
    write(
        "breast_cancer.csv",
        [*(name.replace(" ", "_") for name in cancer.feature_names), "diagnosis"],
        [[*map(number, x), cancer.target_names[y]] for x, y in zip(cancer.data, cancer.target)],
    )
    iris = load_iris()
    write(
        "iris.csv",
        [*(name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names), "species"],
        [[*map(number, x), iris.target_names[y]] for x, y in zip(iris.data, iris.target)],
    )


if __name__ == "__main__":
    main()
