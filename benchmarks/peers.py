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


def vw(folder):
    import vowpalwabbit

    workspace = vowpalwabbit.Workspace(f"-d {folder / 'numbers.vw'} --quiet --no_stdin")
    workspace.finish()


def numpy_step(folder):
    """One full-batch sigmoid step, two passes over scaled data: X@w, then X.T@delta."""
    import numpy

    rows, columns, kind = sys.argv[3].split(":")
    kind = numpy.dtype(kind).type
    rng = numpy.random.default_rng(0)
    x = rng.standard_normal((int(rows), int(columns)), dtype=kind)
    y = (x[:, 0] > 0).astype(kind)
    w = (0.1 / numpy.arange(1, int(columns) + 1)).astype(kind)
    times = []
    for _ in range(9):
        start = time.perf_counter()
        output = 1 / (1 + numpy.exp(-(x @ w + kind(0.1))))
        residual = y - output
        delta = residual * output * (1 - output)
        error, gradient, bias = 0.5 * float(residual @ residual), x.T @ delta, delta.sum()
        times.append(time.perf_counter() - start)
    assert error > 0 and gradient.shape == w.shape and bias is not None
    print(f"milliseconds {1000 * sorted(times)[len(times) // 2]}")


if __name__ == "__main__":
    globals()[sys.argv[1]](pathlib.Path(sys.argv[2]))
