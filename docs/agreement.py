"""deltarule's weights beside those of scikit-learn, statsmodels and glum, for the same loss and the same penalty. Writes a table in Markdown.

    cargo build --release
    pip install scikit-learn statsmodels glum pandas
    python docs/agreement.py [FOLDER]

FOLDER holds admissions.csv, adult.csv, bike_hour.csv and a9a.libsvm, which are not part of this project; without it they are left out. All records
are trained on. The peers get what deltarule descends in: numbers with mean 0 and standard deviation 1, an indicator for every level of a
category, a bias without a penalty. Both minimise the mean of the errors + ½·l2·Σw² + l1·Σ|w|.
"""

import json
import pathlib
import subprocess
import sys
import warnings

import numpy
import pandas
import scipy.sparse
from glum import GeneralizedLinearRegressor
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, PoissonRegressor, QuantileRegressor, Ridge
from statsmodels.robust.norms import HuberT
from statsmodels.robust.robust_linear_model import RLM

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target" / "release" / "deltarule"
DROP = {"bike_hour.csv": ["casual", "registered", "instant", "dteday"]}


def design(frame):
    """What deltarule makes of columns: standardised numbers, indicators of sorted levels, in the order of the columns."""
    parts = []
    for name in frame.columns:
        column = frame[name]
        if pandas.api.types.is_numeric_dtype(column):
            deviation = column.std(ddof=0)
            parts.append(((column - column.mean()) / (deviation if deviation > 0 else 1.0)).to_numpy(float)[:, None])
        else:
            parts.append(numpy.stack([(column == level).to_numpy(float) for level in sorted(column.unique())], axis=1))
    return numpy.concatenate(parts, axis=1)


def ours(path, target, settings):
    """The weights in scaled units, shape (J, d), the biases, E and why descent stopped."""
    drop = ["--drop", ",".join(DROP[path.name])] if path.name in DROP else []
    named = [] if path.suffix == ".libsvm" else ["--target", target]
    command = [PROGRAM, "train", path, *named, *drop, *settings.split(), "--tolerance", "1e-11", "--json"]
    result = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    weights = numpy.array([[weight["scaled"] for weight in output["weights"]] for output in result["weights"]])
    biases = numpy.array([output["bias"]["scaled"] for output in result["weights"]])
    return weights, biases, result


def penalised(name, l2, l1, n):
    """The peer for a loss and its penalty."""
    alpha = l1 + l2
    glm = {"alpha": alpha, "l1_ratio": l1 / alpha if alpha else 0.0, "gradient_tol": 1e-9, "max_iter": 2_000, "scale_predictors": False}
    if l1 and name == "log":
        return GeneralizedLinearRegressor(family="binomial", **glm)
    if l1 and name == "poisson":
        return GeneralizedLinearRegressor(family="poisson", **glm)
    if name == "log":
        return LogisticRegression(C=1.0 / (l2 * n) if l2 else numpy.inf, solver="newton-cholesky", tol=1e-13, max_iter=10_000)
    if name == "poisson":
        return PoissonRegressor(alpha=l2, solver="newton-cholesky", tol=1e-13, max_iter=10_000)
    if l1:
        return Lasso(alpha=l1, tol=1e-14, max_iter=1_000_000)
    return Ridge(alpha=l2 * n, solver="cholesky") if l2 else LinearRegression()


class Huber:
    """Huber's error with a threshold in the units of the target."""

    def __init__(self, threshold):
        self.threshold = threshold

    def fit(self, x, y):
        ones = numpy.ones((len(y), 1))
        # Its threshold is in units of a first scale, which is kept.
        first = RLM(y, numpy.hstack([ones, x]), M=HuberT()).fit(maxiter=1, update_scale=False)
        norm = HuberT(t=self.threshold / first.scale)
        result = RLM(y, numpy.hstack([ones, x]), M=norm).fit(maxiter=10_000, tol=1e-13, update_scale=False)
        assert abs(result.scale / first.scale - 1) < 1e-12
        self.intercept_, self.coef_ = result.params[0], result.params[1:]
        return self


def objective(name, x, y, weights, bias, l1):
    """The mean of the errors + l1·Σ|w|, up to what no weight can change."""
    h = x @ weights + bias
    losses = {"log": lambda: numpy.logaddexp(0, h) - y * h, "poisson": lambda: numpy.exp(h) - y * h, "squared": lambda: 0.5 * (y - h) ** 2}
    return losses[name]().mean() + l1 * abs(weights).sum()


def line(table, settings, peer, apart, more=""):
    print(f"| {table} | {settings} | {peer} | {apart:.1e} | {more} |", flush=True)


def compare(path, target, name, setting="", l2=0.0, l1=0.0):
    """One line: how far apart the weights are, relative to the largest."""
    settings = f"--loss {name}{setting}" + (f" --l2 {l2}" if l2 else "") + (f" --l1 {l1}" if l1 else "")
    more = " --task regression" if name == "poisson" else ""
    weights, biases, result = ours(path, target, settings + more)
    if path.suffix == ".libsvm":
        raw, y = load_svmlight_file(str(path))
        x = raw.toarray()
        # Features that do not occur are no inputs.
        x = x[:, abs(x).max(axis=0) > 0]
        deviation = x.std(axis=0)
        x = (x - x.mean(axis=0)) / numpy.where(deviation > 0, deviation, 1.0)
    else:
        frame = pandas.read_csv(path).drop(columns=DROP.get(path.name, []))
        x, y = design(frame.drop(columns=target)), frame[target].to_numpy()
    assert x.shape[1] == weights.shape[1], (x.shape, weights.shape)
    if name == "log" and not l1:
        y = numpy.searchsorted(numpy.unique(y), y)
    elif name == "log":
        y = (y == numpy.unique(y)[1]).astype(float)
    if name == "huber":
        peer, words = Huber(float(setting[1:])), "statsmodels RLM"
    elif name == "quantile":
        peer = QuantileRegressor(quantile=float(setting[1:]), alpha=0.0)
    else:
        peer = penalised(name, l2, l1, len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.fit(x, y)
    words = "statsmodels RLM" if name == "huber" else type(peer).__name__
    coef, intercept = numpy.atleast_2d(peer.coef_), numpy.atleast_1d(peer.intercept_)
    if name == "quantile":
        residual = y - (x @ coef[0] + intercept)
        q = float(setting[1:])
        least = numpy.where(residual > 0, q * residual, (q - 1) * residual).sum()
        line(path.name, settings, words, result["loss_sum"] / least - 1, "of E; the weights of a kink are not unique")
        return
    if coef.shape[0] == 3:
        # A constant added to all classes changes nothing; with a penalty both have their mean at 0.
        intercept, biases = intercept - intercept.mean(), biases - biases.mean()
    scale = max(abs(coef).max(), abs(intercept).max())
    apart = max(abs(coef - weights).max(), abs(intercept - biases).max()) / scale
    more = result["stop"]["reason"]
    if l1:
        zeros, theirs = weights == 0.0, abs(coef) < 1e-9 * scale
        same = (zeros == theirs).all()
        more += f"; the same {int(zeros.sum())} of {zeros.size} are 0" if same else f"; {int((zeros != theirs).sum())} of {zeros.size} are 0 in one of the two alone"
        own, other = (objective(name, x, y, w[0], b[0], l1) for w, b in [(weights, biases), (coef, intercept)])
        more += f"; J is {own / other - 1:+.0e} of itself from the peer's"
    line(path.name, settings, words, apart, more)


def main():
    examples = ROOT / "examples"
    print("| table | loss and penalty | peer | apart | |\n|---|---|---|---|---|")
    diabetes, cancer, iris = (examples / name for name in ["diabetes.csv", "breast_cancer.csv", "iris.csv"])
    compare(diabetes, "progression", "squared")
    compare(diabetes, "progression", "squared", l2=0.1)
    compare(diabetes, "progression", "squared", l1=2.0)
    compare(diabetes, "progression", "huber", ":40")
    compare(diabetes, "progression", "poisson")
    compare(diabetes, "progression", "poisson", l2=0.5)
    compare(diabetes, "progression", "poisson", l1=2.0)
    compare(diabetes, "progression", "quantile", ":0.9")
    compare(cancer, "diagnosis", "log", l2=0.01)
    compare(cancer, "diagnosis", "log", l1=0.01)
    compare(iris, "species", "log", l2=0.01)
    if len(sys.argv) > 1:
        folder = pathlib.Path(sys.argv[1])
        admissions, adult, bikes = (folder / name for name in ["admissions.csv", "adult.csv", "bike_hour.csv"])
        compare(admissions, "admit", "log")
        compare(admissions, "admit", "log", l2=0.1)
        compare(admissions, "admit", "log", l1=0.01)
        compare(adult, "label", "log", l2=0.001)
        compare(adult, "label", "log", l1=0.001)
        compare(bikes, "cnt", "squared", l2=0.1)
        compare(bikes, "cnt", "squared", l1=1.0)
        compare(bikes, "cnt", "huber", ":50")
        compare(bikes, "cnt", "poisson")
        compare(bikes, "cnt", "poisson", l2=0.1)
        compare(bikes, "cnt", "poisson", l1=1.0)
        compare(folder / "a9a.libsvm", "label", "log", l2=0.001)
        compare(folder / "a9a.libsvm", "label", "log", l1=0.001)


main()
