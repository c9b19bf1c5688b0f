"""What the peers do in `run.py`, each in a process of its own: python peers.py NAME FOLDER."""

import pathlib
import sys
import time

EPOCHS = 5


def fit_sgd(features, target):
    from sklearn.linear_model import SGDRegressor
    from sklearn.preprocessing import StandardScaler

    features = StandardScaler().fit_transform(features)
    start = time.perf_counter()
    model = SGDRegressor(max_iter=EPOCHS, tol=None, penalty=None, random_state=0).fit(features, target)
    elapsed = time.perf_counter() - start
    print(f"r_squared {model.score(features, target)}")
    print(f"records_per_second {EPOCHS * len(target) / elapsed}")


def pandas_sklearn(folder):
    import pandas

    frame = pandas.read_csv(folder / "numbers.csv")
    fit_sgd(frame.drop(columns="y").to_numpy(), frame["y"].to_numpy())


def polars_sklearn(folder):
    import polars

    frame = polars.read_parquet(folder / "numbers.parquet")
    fit_sgd(frame.drop("y").to_numpy(), frame["y"].to_numpy())


def pandas_least_squares(folder):
    import pandas
    from sklearn.linear_model import LinearRegression

    frame = pandas.read_csv(folder / "numbers.csv")
    features, target = frame.drop(columns="y").to_numpy(), frame["y"].to_numpy()
    print(f"r_squared {LinearRegression().fit(features, target).score(features, target)}")


def logistic(folder):
    """Seconds of the loosest tolerance that comes within a gap of the least J."""
    import numpy
    import pandas
    from sklearn.linear_model import LogisticRegression

    l2, least, gap = (float(text) for text in sys.argv[3].split(":"))
    frame = pandas.read_parquet(folder / "classes.parquet")
    x, y = frame.drop(columns="c").to_numpy(), frame["c"].to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    for tol in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
        start = time.perf_counter()
        model = LogisticRegression(C=1 / (l2 * len(y)), tol=tol, max_iter=10_000).fit(x, y)
        elapsed = time.perf_counter() - start
        h = x @ model.coef_[0] + model.intercept_[0]
        reached = (numpy.logaddexp(0, h) - y * h).mean() + 0.5 * l2 * (model.coef_**2).sum()
        if reached / least - 1 <= gap:
            print(f"seconds {elapsed} gap {reached / least - 1} tol {tol}")
            return
    sys.exit("no tolerance reaches the gap")


def vw(folder):
    import vowpalwabbit

    workspace = vowpalwabbit.Workspace(f"-d {folder / 'numbers.vw'} --quiet --no_stdin")
    workspace.finish()


def step_data():
    import numpy

    rows, columns, kind = sys.argv[3].split(":")
    kind = numpy.dtype(kind).type
    rng = numpy.random.default_rng(0)
    x = rng.standard_normal((int(rows), int(columns)), dtype=kind)
    y = (x[:, 0] > 0).astype(kind)
    w = (0.1 / numpy.arange(1, int(columns) + 1)).astype(kind)
    return x, y, w, kind


def median_of(step, runs=9):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1000 * sorted(times)[len(times) // 2]


def numpy_step(folder):
    """One full-batch sigmoid step, two passes over scaled data: X@w, then X.T@delta."""
    import numpy

    x, y, w, kind = step_data()

    def step():
        output = 1 / (1 + numpy.exp(-(x @ w + kind(0.1))))
        residual = y - output
        delta = residual * output * (1 - output)
        return 0.5 * float(residual @ residual), x.T @ delta, delta.sum()

    error, gradient, _ = step()
    assert error > 0 and gradient.shape == w.shape
    print(f"milliseconds {median_of(step)}")


def torch_step(folder):
    """The same in PyTorch: by hand, and with autograd and optim.SGD; the quicker of the two counts."""
    import torch

    x, y, w, _ = step_data()
    x, y, w = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(w)

    def by_hand():
        with torch.no_grad():
            output = torch.sigmoid(x @ w + 0.1)
            residual = y - output
            delta = residual * output * (1 - output)
            return 0.5 * float(residual @ residual), x.T @ delta, delta.sum()

    weights = w.clone().requires_grad_(True)
    bias = torch.full((1,), 0.1, dtype=w.dtype, requires_grad=True)
    optimizer = torch.optim.SGD([weights, bias], lr=1e-12)

    def autograd():
        optimizer.zero_grad()
        loss = 0.5 * ((y - torch.sigmoid(x @ weights + bias)) ** 2).sum()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    by_hand(), autograd()
    print(f"milliseconds {min(median_of(by_hand), median_of(autograd))}")


def accuracy(found, expected):
    print(f"accuracy {sum(int(a == b) for a, b in zip(found, expected)) / len(expected)}")


def adult_sklearn(folder):
    import pandas
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train, test = (pandas.read_csv(folder / f"adult_{part}.csv") for part in ("train", "test"))
    features = train.drop(columns="label")
    numbers = features.select_dtypes("number").columns
    encode = make_column_transformer(
        (StandardScaler(), numbers),
        (OneHotEncoder(handle_unknown="ignore"), features.columns.difference(numbers)),
    )
    model = make_pipeline(encode, LogisticRegression(max_iter=200)).fit(features, train["label"])
    accuracy(model.predict(test.drop(columns="label")), test["label"])


def vw_classes(train, test):
    import vowpalwabbit

    workspace = vowpalwabbit.Workspace(f"-d {train} -b 18 --loss_function logistic --link logistic --passes 3 -k "
                                       f"--cache_file {train}.cache --quiet --no_stdin")
    hits, lines = 0, open(test).read().splitlines()
    for line in lines:
        hits += (workspace.predict(line) > 0.5) == line.startswith("1")
    workspace.finish()
    print(f"accuracy {hits / len(lines)}")


def adult_vw(folder):
    vw_classes(folder / "adult_train.vw", folder / "adult_test.vw")


def a9a_vw(folder):
    vw_classes(folder / "a9a_train.vw", folder / "a9a_test.vw")


def a9a_sklearn(folder):
    from sklearn.datasets import load_svmlight_files
    from sklearn.linear_model import LogisticRegression

    x, y, x_test, y_test = load_svmlight_files([str(folder / "a9a.libsvm"), str(folder / "a9a.t.libsvm")])
    accuracy(LogisticRegression(max_iter=200).fit(x, y).predict(x_test), y_test)


def a9a_liblinear(folder):
    from liblinear.liblinearutil import predict, svm_read_problem, train

    y, x = svm_read_problem(str(folder / "a9a.libsvm"), return_scipy=True)
    y_test, x_test = svm_read_problem(str(folder / "a9a.t.libsvm"), return_scipy=True)
    labels, *_ = predict(y_test, x_test, train(y, x, "-s 0 -q"), "-q")
    accuracy(labels, y_test)


if __name__ == "__main__":
    globals()[sys.argv[1]](pathlib.Path(sys.argv[2]))
