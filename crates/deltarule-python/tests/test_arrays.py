"""Arrays of every layout and type mean the same, and none is changed or copied."""

import subprocess
import sys
import textwrap

import numpy as np
import pandas
import pytest
import scipy.sparse

from deltarule import DeltaRuleClassifier, DeltaRuleRegressor


def data(n=9000, d=5):
    draw = np.random.default_rng(0)
    X = np.round(draw.normal(size=(n, d)), 3)
    return X, X @ np.arange(1.0, d + 1) + draw.normal(size=n)


@pytest.mark.parametrize("batch", ["full", 64])
def test_layouts_give_the_same_bits(batch):
    X, y = data()
    settings = dict(batch=batch, epochs=5)
    expected = DeltaRuleRegressor(**settings).fit(X, y)
    wide = np.zeros((2 * len(X), 2 * X.shape[1]))
    wide[::2, ::2] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    for other in [np.asfortranarray(X), wide[::2, ::2], frozen, X.astype(">f8"), X.tolist()]:
        model = DeltaRuleRegressor(**settings).fit(other, y)
        assert np.array_equal(model.coef_, expected.coef_) and model.intercept_ == expected.intercept_
        assert np.array_equal(model.predict(other), expected.predict(X))


@pytest.mark.parametrize("dtype", ["f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_mean_their_values(dtype, order):
    draw = np.random.default_rng(1)
    X = draw.integers(0, 2 if dtype == "?" else 100, size=(5000, 3)).astype(dtype, order=order)
    y = X.astype(np.float64) @ [1.0, -2.0, 3.0] + draw.normal(size=len(X))
    model = DeltaRuleRegressor(loss="huber:1").fit(X, y)
    expected = DeltaRuleRegressor(loss="huber:1").fit(X.astype(np.float64), y)
    assert np.array_equal(model.coef_, expected.coef_)
    assert np.array_equal(model.predict(X), expected.predict(X.astype(np.float64)))


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_the_number_of_threads_changes_nothing(n_jobs):
    X, y = data(n=50_000)
    model = DeltaRuleClassifier(loss="log", n_jobs=n_jobs, epochs=10).fit(X, y > 0)
    assert np.array_equal(model.coef_, DeltaRuleClassifier(loss="log", epochs=10).fit(X, y > 0).coef_)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
def test_columns_of_a_frame_need_not_stand_together(dtype):
    X, y = data()
    X = (100 * X).astype(dtype)
    expected = DeltaRuleRegressor().fit(X, y)
    names = [f"x{j}" for j in range(X.shape[1])]
    for frame in [
        pandas.DataFrame(X, columns=names),
        pandas.DataFrame(np.repeat(X, 2, axis=0), columns=names)[::2],
        pandas.DataFrame(X[::-1], columns=names)[::-1],
        pandas.DataFrame(np.hstack([X, X]), columns=names + [f"{name} again" for name in names])[names],
    ]:
        model = DeltaRuleRegressor().fit(frame, y)
        assert np.array_equal(model.coef_, expected.coef_) and np.array_equal(model.predict(frame), expected.predict(X))
    one = DeltaRuleRegressor().fit(pandas.DataFrame(X[:2], columns=names), y[:2])
    assert np.array_equal(one.predict(pandas.DataFrame(X[:1], columns=names)), one.predict(pandas.DataFrame(X, columns=names))[:1])


def test_half_the_memory_costs_digits_only():
    X, y = data()
    half = DeltaRuleRegressor(precision="f32").fit(X, y)
    np.testing.assert_allclose(half.coef_, DeltaRuleRegressor().fit(X, y).coef_, rtol=1e-4)


def test_sparse_matrices_are_those_of_their_numbers():
    draw = np.random.default_rng(2)
    matrix = scipy.sparse.random(3000, 40, density=0.05, random_state=0, format="coo")
    matrix.data = np.round(matrix.data, 2)
    y = matrix @ draw.normal(size=40) + 0.1 * draw.normal(size=3000)
    model = DeltaRuleRegressor().fit(matrix, y)
    dense = DeltaRuleRegressor().fit(matrix.toarray(), y)
    assert model.coef_.shape == (40,)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-4)
    np.testing.assert_allclose(model.predict(matrix.tocsc()), dense.predict(matrix.toarray()), rtol=1e-4, atol=1e-4)
    csr = matrix.tocsr()
    assert np.array_equal(model.predict(csr[:7]), model.predict(csr)[:7])


MEMORY = """
import resource, numpy as np, deltarule, pandas as pd, polars as pl, pyarrow as pa
from deltarule import DeltaRuleRegressor, DeltaRuleClassifier
draw = np.random.default_rng(0)
small = draw.normal(size=(10_000, 40))
DeltaRuleRegressor().fit(small, small[:, 0]); DeltaRuleClassifier(loss="log", epochs=3).fit(small, small[:, 0] > 0)
n, d = 400_000, 40
X = np.empty((n, d), order={order!r})
for start in range(0, n, 10_000):
    X[start:start + 10_000] = draw.normal(size=(10_000, d))
y = X[:, 0] + draw.normal(size=n)
table = {table}
model = {model}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.fit(table, y)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize("model", ["DeltaRuleRegressor()", "DeltaRuleClassifier(loss='log', epochs=5)"])
@pytest.mark.parametrize(
    "order, table",
    [
        ("F", "X"),
        ("C", "X"),
        ("F", "pa.table({f'c{j}': pa.array(X[:, j]) for j in range(d)})"),
        ("F", "pl.DataFrame({f'c{j}': X[:, j] for j in range(d)})"),
        ("F", "pd.DataFrame(X, columns=[f'c{j}' for j in range(d)])"),
        # Pandas keeps the rows, so that the numbers of a column stand far from each other.
        ("C", "pd.DataFrame(X, columns=[f'c{j}' for j in range(d)])"),
    ],
)
def test_no_features_are_copied(order, table, model):
    # The table has 122 MB. Beside it there are the target as f64 (3 MB), E of classes, and what threads work in.
    y = "y > 0" if "Classifier" in model else "y"
    script = MEMORY.format(order=order, table=table, model=model).replace("model.fit(table, y)", f"model.fit(table, {y})")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30
