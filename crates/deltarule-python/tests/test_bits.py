"""The command and the package give the same bits for the same data and settings, and read each other's models."""

import json

import duckdb
import numpy as np
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
import scipy.sparse

import deltarule
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor

from conftest import EXAMPLES, inputs_and_target, table, weights_in

SETTINGS = {
    "defaults": ({}, []),
    "plain": (dict(optimizer="gd", eta=0.1, epochs=50), ["--optimizer", "gd", "--eta", "0.1", "--epochs", "50"]),
    "steps over few records": (
        dict(batch=16, epochs=5, seed=3),
        ["--batch", "16", "--epochs", "5", "--seed", "3"],
    ),
    "adam": (
        dict(batch=8, epochs=3, optimizer="adam", beta1=0.8, schedule="cosine"),
        ["--batch", "8", "--epochs", "3", "--optimizer", "adam", "--beta1", "0.8", "--schedule", "cosine"],
    ),
    "nothing scaled": (
        dict(scale="none", bias=False, epochs=100, reduction="sum"),
        ["--scale", "none", "--no-bias", "--epochs", "100", "--reduction", "sum"],
    ),
    "penalised": (dict(l2=0.1, l1=0.01), ["--l2", "0.1", "--l1", "0.01"]),
    "f32": (dict(precision="f32"), ["--precision", "f32"]),
    "held out": (
        dict(validation_fraction=0.25, early_stopping=3, seed=2),
        ["--valid", "0.25", "--early-stopping", "3", "--seed", "2"],
    ),
    "a formula": (
        dict(activation="h + tanh(h) / 2", init="normal", epochs=30),
        ["--activation", "h + tanh(h) / 2", "--init", "normal", "--epochs", "30"],
    ),
    "huber": (dict(loss="huber"), ["--loss", "huber"]),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_numbers(command, name):
    settings, options = SETTINGS[name]
    X, y, features = inputs_and_target("diabetes.csv", "progression")
    data = EXAMPLES / "diabetes.csv"
    expected, path = command.train(data, "--target", "progression", "--task", "regression", *options)
    model = DeltaRuleRegressor(**settings).fit(X, y)
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)
    predictions = [repr(float(value)) for value in model.predict(X)]
    told = [float(row["predicted_progression"]) for row in command.predict(path, data)]
    assert predictions == [repr(value) for value in told]


# Squared error has no minimum on classes that a plane parts: E falls for 100000 epochs.
@pytest.mark.parametrize("settings, options", [(dict(epochs=1000), ["--epochs", "1000"]), (dict(loss="log"), ["--loss", "log"])])
@pytest.mark.parametrize("name, target", [("breast_cancer.csv", "diagnosis"), ("iris.csv", "species"), ("ten.csv", "passed")])
def test_classes(command, name, target, settings, options):
    X, y, features = inputs_and_target(name, target)
    if name == "ten.csv":
        y = y.astype(int)
    expected, path = command.train(EXAMPLES / name, "--target", target, "--features", ",".join(features), *options)
    model = DeltaRuleClassifier(**settings).fit(X, y)
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)
    rows = command.predict(path, EXAMPLES / name, "--proba")
    assert [str(one) for one in model.predict(X)] == [row[f"predicted_{target}"] for row in rows]
    told = [[float(row[f"p_{one}"]) for one in model.classes_] for row in rows]
    assert np.array_equal(model.predict_proba(X), np.array(told))


def test_weights_of_records_and_classes(command, tmp_path):
    X, y, features = inputs_and_target("breast_cancer.csv", "diagnosis")
    weight = np.random.default_rng(0).integers(0, 5, len(y)) / 4
    lines = ["," .join([*features, "diagnosis", "count"])]
    lines += [",".join([*map(repr, map(float, row)), one, repr(float(w))]) for row, one, w in zip(X, y, weight)]
    data = tmp_path / "weighted.csv"
    data.write_text("\n".join(lines) + "\n")
    options = ["--target", "diagnosis", "--weight", "count", "--class-weight", "balanced", "--loss", "log", "--l2", "0.01"]
    expected, _ = command.train(data, *options)
    model = DeltaRuleClassifier(loss="log", l2=0.01, class_weight="balanced").fit(X, y, sample_weight=weight)
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)
    of_path = DeltaRuleClassifier(loss="log", l2=0.01, class_weight="balanced").fit(
        data, target="diagnosis", sample_weight="count"
    )
    assert np.array_equal(of_path.coef_, model.coef_)


def test_several_outputs(command, tmp_path):
    columns = table("diabetes.csv")
    y = np.column_stack([columns.pop("progression"), columns.pop("bmi")])
    X = np.column_stack(list(columns.values()))
    expected, _ = command.train(EXAMPLES / "diabetes.csv", "--target", "progression,bmi")
    model = DeltaRuleRegressor().fit(X, y)
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)


def test_models_travel_both_ways(command, tmp_path):
    X, y, features = inputs_and_target("diabetes.csv", "progression")
    data = EXAMPLES / "diabetes.csv"
    _, path = command.train(data, "--target", "progression")
    loaded = deltarule.load(path)
    own = DeltaRuleRegressor().fit(X, y)
    assert isinstance(loaded, DeltaRuleRegressor) and np.array_equal(loaded.predict(X), own.predict(X))
    saved = tmp_path / "own.json"
    own.fit(pandas.DataFrame(X, columns=features), pandas.Series(y, name="progression"))
    own.save(saved)
    rows = command.predict(saved, data)
    assert [float(row["predicted_progression"]) for row in rows] == own.predict(pandas.DataFrame(X, columns=features)).tolist()
    assert command.run("show", saved).startswith(f"{saved}: 10 inputs to 1 output, f = identity")


# Frames of every kind, and files.


def mixed():
    """A table with numbers, whole numbers, truth values, texts and gaps, as columns of Python's own."""
    draw = np.random.default_rng(5)
    n = 5000
    size = np.round(draw.normal(50, 10, n), 2)
    rooms = draw.integers(1, 8, n)
    heated = draw.random(n) < 0.3
    city = draw.choice(["Köln", "Ulm", "Bonn", "Aachen", "Zürich"], n)
    rating = draw.choice(["low", "mid", "high"], n)
    price = np.round(3 * size + 20 * rooms + 9 * heated + (city == "Ulm") * 40 + draw.normal(size=n), 3)
    gap = draw.random(n) < 0.05
    return {
        "size": [None if out else float(x) for x, out in zip(size, gap)],
        "rooms": rooms.tolist(),
        "heated": heated.tolist(),
        "city": [None if k % 97 == 0 else str(one) for k, one in enumerate(city)],
        "rating": rating.tolist(),
        "price": price.tolist(),
    }


def write_csv(path, columns):
    def text(value):
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value) if isinstance(value, float) else str(value)

    lines = [",".join(columns)] + [",".join(map(text, row)) for row in zip(*columns.values())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def of_pandas(columns):
    frame = pandas.DataFrame(columns)
    frame["rating"] = frame["rating"].astype("category")
    return frame


def of_pandas_objects(columns):
    frame = pandas.DataFrame({name: pandas.Series(values, dtype=object) for name, values in columns.items()})
    return frame


def of_pandas_arrow(columns):
    return pandas.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow")


def of_pandas_nullable(columns):
    return pandas.DataFrame(columns).convert_dtypes()


def of_pandas_python_texts(columns):
    """Texts as pandas holds them where there is no pyarrow."""
    frame = pandas.DataFrame(columns)
    for name in ("city", "rating"):
        frame[name] = frame[name].astype(pandas.StringDtype("python"))
    return frame


def of_pandas_copied_texts(columns):
    """Objects of which no two are one."""
    def copied(values):
        return [None if value is None else "".join(list(value)) for value in values]

    return pandas.DataFrame({name: pandas.Series(copied(values) if name in ("city", "rating") else values, dtype=object) for name, values in columns.items()})


def of_pandas_categories(columns):
    """Levels in another order, some of which do not occur."""
    frame = pandas.DataFrame(columns)
    for name in ("city", "rating"):
        known = sorted({value for value in columns[name] if value is not None}, reverse=True)
        frame[name] = pandas.Categorical(columns[name], categories=["Aaa", *known, "zzz"])
    return frame


def of_polars(columns):
    return polars.DataFrame(columns).with_columns(polars.col("rating").cast(polars.Categorical))


def of_polars_enum(columns):
    # In chunks, with an order of levels of its own.
    frame = polars.DataFrame(columns).with_columns(polars.col("rating").cast(polars.Enum(["low", "mid", "high"])))
    return polars.concat([frame[:1000], frame[1000:1001], frame[1001:]], rechunk=False)


def of_pyarrow(columns):
    whole = pyarrow.table(columns)
    return pyarrow.concat_tables([whole[:37], whole[37:4100], whole[4100:]])


def of_pyarrow_dictionary(columns):
    whole = pyarrow.table(columns)
    at = whole.schema.get_field_index("city")
    return whole.set_column(at, "city", whole["city"].dictionary_encode())


def of_pyarrow_many_levels(columns):
    """More levels than there are records."""
    whole = pyarrow.table(columns)
    known = sorted({value for value in columns["city"] if value is not None})
    texts = [f"unused {k}" for k in range(6000)] + known
    codes = pyarrow.array([None if value is None else texts.index(value) for value in columns["city"]], pyarrow.int32())
    city = pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(texts, pyarrow.large_string()))
    return whole.set_column(whole.schema.get_field_index("city"), "city", city)


def of_duckdb(columns):
    table_of_arrow = of_pyarrow(columns)
    return duckdb.sql("SELECT * FROM table_of_arrow")


FRAMES = [
    of_pandas,
    of_pandas_objects,
    of_pandas_nullable,
    of_pandas_arrow,
    of_pandas_python_texts,
    of_pandas_copied_texts,
    of_pandas_categories,
    of_polars,
    of_polars_enum,
    of_pyarrow,
    of_pyarrow_dictionary,
    of_pyarrow_many_levels,
    of_duckdb,
]


@pytest.mark.parametrize("missing", ["mean", "mean+flag", "level", "drop"])
@pytest.mark.parametrize("make", FRAMES)
def test_frames(command, tmp_path, make, missing):
    columns = mixed()
    data = tmp_path / "mixed.csv"
    write_csv(data, columns)
    expected, path = command.train(data, "--target", "price", "--missing", missing)
    frame = make(columns)
    model = DeltaRuleRegressor(missing=missing).fit(frame, target="price")
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)
    if missing != "drop":
        rows = command.predict(path, data)
        assert model.predict(frame[model.feature_names_in_.tolist()] if "pandas" in make.__name__ else frame).tolist() == [
            float(row["predicted_price"]) for row in rows
        ]


def test_files(command, tmp_path):
    columns = mixed()
    whole = pyarrow.table(columns)
    for k in range(3):
        pyarrow.parquet.write_table(whole[k * 1700 : (k + 1) * 1700], tmp_path / f"part{k}.parquet", row_group_size=500)
    settings = dict(missing="mean", loss="huber:5", batch=32, epochs=3)
    options = ["--missing", "mean", "--loss", "huber:5", "--batch", "32", "--epochs", "3"]
    expected, _ = command.train(tmp_path / "part*.parquet", "--target", "price", *options)
    paths = [str(tmp_path / f"part{k}.parquet") for k in range(3)]
    for data in [str(tmp_path / "part*.parquet"), paths, tmp_path / "part*.parquet"]:
        model = DeltaRuleRegressor(**settings).fit(data, target="price")
        assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)
    # A table that does not fit into memory is read from a file in every pass.
    narrow = DeltaRuleRegressor(memory=40_000_000, **settings).fit(paths, target="price")
    assert np.array_equal(narrow.coef_, model.coef_)
    of_frame = DeltaRuleRegressor(**settings).fit(of_polars(columns), target="price")
    assert np.array_equal(of_frame.coef_, model.coef_)
    some = DeltaRuleRegressor(**settings).fit(paths, target="price", features=["size", "rooms"])
    less = DeltaRuleRegressor(**settings).fit(paths, target="price", drop=["heated", "city", "rating"])
    assert np.array_equal(some.coef_, less.coef_) and some.feature_names_in_.tolist() == ["size", "rooms"]


def test_dates_hashes_powers_and_products(command, tmp_path):
    draw = np.random.default_rng(8)
    n = 6000
    days = np.datetime64("2023-01-01T00:00:00") + draw.integers(0, 700 * 86_400, n)
    columns = {
        "when": [str(day) for day in days],
        "user": [f"u{k}" for k in draw.integers(0, 3000, n)],
        "a": np.round(draw.normal(size=n), 2).tolist(),
        "b": np.round(draw.normal(size=n), 2).tolist(),
        "kind": draw.choice(["x", "y", "z"], n).tolist(),
        "zip": draw.integers(10, 20, n).tolist(),
    }
    columns["y"] = (np.array(columns["a"]) * columns["b"] + draw.normal(size=n)).round(3).tolist()
    data = tmp_path / "dates.csv"
    write_csv(data, columns)
    options = ["--target", "y", "--date", "when", "--hash", "user:10", "--poly", "a:3", "--interact", "a:kind,a:b", "--categorical", "zip", "--min-count", "500"]
    options += ["--epochs", "100"]
    expected, path = command.train(data, *options)
    settings = dict(date=["when"], hash={"user": 10}, poly={"a": 3}, interact=[("a", "kind"), ("a", "b")], categorical=["zip"], min_count=500, epochs=100)
    frame = polars.DataFrame(columns).with_columns(polars.col("when").str.to_datetime())
    model = DeltaRuleRegressor(**settings).fit(frame, target="y")
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)
    assert model.predict(frame).tolist() == [float(row["predicted_y"]) for row in command.predict(path, data)]


def test_libsvm(command, tmp_path):
    matrix = scipy.sparse.random(5000, 30, density=0.1, random_state=0, format="csr")
    matrix.data = np.round(matrix.data + 0.1, 2)
    y = np.round(matrix @ np.arange(30.0), 2)
    lines = []
    for r in range(matrix.shape[0]):
        row = slice(*matrix.indptr[r : r + 2])
        pairs = " ".join(f"{i + 1}:{x!r}" for i, x in zip(matrix.indices[row].tolist(), matrix.data[row].tolist()))
        lines.append(f"{float(y[r])!r} {pairs}")
    data = tmp_path / "data.libsvm"
    data.write_text("\n".join(lines) + "\n")
    expected, _ = command.train(data, "--task", "regression")
    model = DeltaRuleRegressor().fit(matrix, y)
    assert weights_in(json.loads(model._model.to_json())) == weights_in(expected)


# Predictions and scores of files, which are read a few thousand records at a time.


def test_predictions_of_files_are_those_of_frames(command, tmp_path):
    columns = mixed()
    frame = of_pandas(columns)
    inputs = frame.drop(columns="price")
    model = DeltaRuleRegressor(missing="mean").fit(frame, target="price")
    expected = model.predict(inputs)
    whole = pyarrow.table(columns)
    pyarrow.parquet.write_table(whole[:3000], tmp_path / "part0.parquet", row_group_size=500)
    pyarrow.parquet.write_table(whole[3000:], tmp_path / "part1.parquet")
    write_csv(tmp_path / "mixed.csv", columns)
    for data in (tmp_path / "mixed.csv", str(tmp_path / "*.parquet"), [tmp_path / "part0.parquet", str(tmp_path / "part1.parquet")]):
        assert np.array_equal(model.predict(data), expected)
        assert np.array_equal(model.net_input(data), model.net_input(inputs))
        assert model.score(data) == model.score(inputs, frame["price"])
    both = DeltaRuleRegressor(missing="mean").fit(frame, target=["price", "rooms"])
    assert both.predict(tmp_path / "mixed.csv").shape == (5000, 2)
    assert both.score(tmp_path / "mixed.csv") == both.score(inputs.drop(columns="rooms"), np.ascontiguousarray(frame[["price", "rooms"]]))


@pytest.mark.parametrize("name, target", [("breast_cancer.csv", "diagnosis"), ("iris.csv", "species")])
def test_classes_of_files_are_those_of_arrays(name, target):
    frame = pandas.read_csv(EXAMPLES / name)
    inputs, y = frame.drop(columns=target), frame[target]
    model = DeltaRuleClassifier(loss="log", l2=0.01, epochs=30).fit(EXAMPLES / name, target=target)
    assert np.array_equal(model.predict(EXAMPLES / name), model.predict(inputs))
    assert np.array_equal(model.predict_proba(EXAMPLES / name), model.predict_proba(inputs))
    assert np.array_equal(model.decision_function(EXAMPLES / name), model.decision_function(inputs))
    assert model.score(EXAMPLES / name) == model.score(inputs, y) > 0.9


def test_scores_of_files_are_weighted_by_a_column(tmp_path):
    frame = pandas.read_csv(EXAMPLES / "ten.csv")
    frame["count"] = [0.0, 0.5, 1, 2, 3, 4, 5, 6, 7, 8]
    frame.to_csv(tmp_path / "ten.csv", index=False)
    inputs = frame[["hours", "sleep"]]
    for estimator in (DeltaRuleRegressor(), DeltaRuleClassifier()):
        model = estimator.fit(inputs, frame["passed"])
        weighted = model.score(tmp_path / "ten.csv", sample_weight="count")
        assert weighted == model.score(inputs, frame["passed"], frame["count"]) != model.score(tmp_path / "ten.csv")


def test_libsvm_files_are_predicted(tmp_path):
    matrix = scipy.sparse.random(500, 30, density=0.2, random_state=0, format="csr")
    matrix.data = np.round(matrix.data + 0.1, 2)
    y = np.round(matrix @ np.arange(30.0), 2)
    lines = []
    for r in range(matrix.shape[0]):
        row = slice(*matrix.indptr[r : r + 2])
        lines.append(" ".join([repr(float(y[r]))] + [f"{i + 1}:{x!r}" for i, x in zip(matrix.indices[row].tolist(), matrix.data[row].tolist())]))
    (tmp_path / "data.libsvm").write_text("\n".join(lines) + "\n")
    model = DeltaRuleRegressor().fit(tmp_path / "data.libsvm", target="label")
    assert np.array_equal(model.predict(tmp_path / "data.libsvm"), model.predict(matrix))
    assert model.score(tmp_path / "data.libsvm") == model.score(matrix, y)


def test_files_that_cannot_be_predicted(tmp_path):
    lines = [f"{k * k % 17},{'Ulm' if k % 2 else 'Bonn'},{k % 7}\n" for k in range(20)]
    (tmp_path / "train.csv").write_text("a,city,y\n" + "".join(lines))
    model = DeltaRuleRegressor().fit(tmp_path / "train.csv", target="y")

    def told(text, kind=ValueError, ask=model.predict, **given):
        (tmp_path / "new.csv").write_text(text)
        with pytest.raises(kind) as error:
            ask(tmp_path / "new.csv", **given)
        return str(error.value)

    assert "new.csv: line 3: found a value that is missing, and the model was trained with missing='error'" in told("a,city\n1,Ulm\n,Ulm\n")
    assert 'line 2, column "a": found "x", expected a number, as in training' in told("a,city\nx,Ulm\n")
    assert "city" in told("a,town\n1,Ulm\n")
    assert "line 2: found no target, expected one" in told("a,city,y\n1,Ulm,\n", ask=model.score)
    assert "y" in told("a,city\n1,Ulm\n", ask=model.score)
    assert "y: found beside a path" in told("a,city,y\n1,Ulm,1\n", ask=model.score, y=[1.0])
    assert "expected the name of a column" in told("a,city,y\n1,Ulm,1\n", TypeError, model.score, sample_weight=[1.0])
    assert "count" in told("a,city,y\n1,Ulm,1\n", ask=model.score, sample_weight="count")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        model.predict(tmp_path / "no.csv")
    with pytest.raises(ValueError, match="y: found nothing, expected the targets"):
        model.score(pandas.DataFrame({"a": [1.0], "city": ["Ulm"]}))
    with pytest.raises(TypeError, match="x: found .*, expected the inputs of one record"):
        model.explain(tmp_path / "train.csv", 1.0)
