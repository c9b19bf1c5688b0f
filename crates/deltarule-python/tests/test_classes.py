"""Classes come back as they were given, and none becomes another."""

import json
import warnings

import numpy as np
import pandas
import polars
import pytest

import deltarule
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor

X = np.random.default_rng(0).normal(size=(90, 2))
HIGH = X[:, 0] > 0


@pytest.mark.parametrize(
    "classes",
    [
        (0, 1),
        (-3, 2**53),
        (-1.0, 1.0),
        (False, True),
        ("low", "high"),
        ("1", "2"),
        ("inf", "nan"),
        ("1.0", "1"),
        ("false", "true"),
        ("False", "True"),
        (np.int8(3), np.int8(4)),
    ],
)
def test_classes_are_those_that_were_given(classes):
    y = np.where(HIGH, classes[1], classes[0])
    model = DeltaRuleClassifier().fit(X, y)
    assert model.classes_.dtype == y.dtype and set(model.classes_.tolist()) == set(y.tolist())
    assert model.predict(X).dtype == y.dtype and model.score(X, y) > 0.9
    assert model.partial_fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize(
    "classes, expected",
    [
        ((0, 1), np.array([0, 1])),
        ((-3, 2**53), np.array([-3, 2**53])),
        ((-1.0, 1.0), np.array([-1, 1])),
        ((False, True), np.array([False, True])),
        (("high", "low"), np.array(["high", "low"], dtype=object)),
        # Texts that are no number's own name stay texts.
        (("inf", "nan"), np.array(["inf", "nan"], dtype=object)),
        (("1.0", "2.0"), np.array(["1.0", "2.0"], dtype=object)),
        (("1e3", "2"), np.array(["1e3", "2"], dtype=object)),
        (("007", "8"), np.array(["007", "8"], dtype=object)),
        (("True", "other"), np.array(["True", "other"], dtype=object)),
        (("1", "2"), np.array(["1", "2"], dtype=object)),
        (("false", "true"), np.array(["false", "true"], dtype=object)),
    ],
)
def test_classes_that_a_file_keeps(tmp_path, classes, expected):
    model = DeltaRuleClassifier().fit(X, np.where(HIGH, classes[1], classes[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / "model.json")
    loaded = deltarule.load(tmp_path / "model.json")
    assert loaded.classes_.dtype == expected.dtype and loaded.classes_.tolist() == expected.tolist()
    assert np.array_equal(loaded.predict(X) == loaded.classes_[1], model.predict(X) == model.classes_[1])


@pytest.mark.parametrize("classes, expected", [(("1", "2"), [1, 2]), (("false", "true"), [False, True]), (("1", "b"), ["1", "b"])])
def test_a_file_of_before_has_the_names_of_classes_alone(tmp_path, classes, expected):
    DeltaRuleClassifier().fit(X, np.where(HIGH, classes[1], classes[0])).save(tmp_path / "model.json")
    file = json.loads((tmp_path / "model.json").read_text())
    assert file["target"].pop("class_type") == "text"
    (tmp_path / "model.json").write_text(json.dumps(file))
    loaded = deltarule.load(tmp_path / "model.json")
    assert loaded.classes_.tolist() == expected
    # What it becomes is what is kept from there on.
    loaded.save(tmp_path / "again.json")
    assert deltarule.load(tmp_path / "again.json").classes_.tolist() == expected


def test_classes_of_a_file_of_texts_are_texts(tmp_path):
    kinds = ["2" if high else "1" for high in HIGH]
    polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": kinds}).write_parquet(tmp_path / "texts.parquet")
    polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": [int(kind) for kind in kinds]}).write_parquet(tmp_path / "numbers.parquet")
    assert DeltaRuleClassifier().fit(tmp_path / "texts.parquet", target="kind").classes_.tolist() == ["1", "2"]
    assert DeltaRuleClassifier().fit(tmp_path / "numbers.parquet", target="kind").classes_.tolist() == [1, 2]


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame])
def test_classes_of_a_column_have_its_type(make):
    for values in (["1", "2"], ["inf", "other"], [1, 2], [0.5, 1.5], [False, True]):
        frame = make({"a": X[:, 0], "b": X[:, 1], "kind": [values[high] for high in HIGH.astype(int)]})
        model = DeltaRuleClassifier().fit(frame, target="kind")
        assert model.classes_.tolist() == values
        if make is pandas.DataFrame:
            categories = frame.assign(kind=frame["kind"].astype("category"))
            objects = frame.assign(kind=frame["kind"].astype(object))
            for other in (categories, objects):
                assert DeltaRuleClassifier().fit(other, target="kind").classes_.tolist() == values
        assert np.mean(model.predict(frame) == np.array([values[high] for high in HIGH.astype(int)], dtype=model.classes_.dtype)) > 0.9


@pytest.mark.parametrize("first", [2**53 + 1, 2**60 + 1])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_whole_numbers_that_f64_does_not_hold_are_refused(first, dtype):
    y = np.where(HIGH, first, first - 1).astype(dtype)
    with pytest.raises(ValueError, match=f"y: found the class {first}, expected numbers that f64 holds.*y.astype"):
        DeltaRuleClassifier().fit(X, y)
    assert DeltaRuleClassifier().fit(X, y.astype(str)).classes_.tolist() == sorted([str(first - 1), str(first)])
    for make in (pandas.DataFrame, polars.DataFrame):
        with pytest.raises(ValueError, match=str(first)):
            DeltaRuleClassifier().fit(make({"a": X[:, 0], "kind": y}), target="kind")


DATES = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")


@pytest.mark.parametrize("unit", ["D", "s", "ns"])
def test_dates_are_no_whole_numbers(unit):
    dates = np.datetime64("2024-01-01").astype(f"M8[{unit}]") + np.arange(90).astype(f"m8[{unit}]")
    y = X[:, 0]
    for given in (dates.reshape(-1, 1), [[date] for date in dates], np.column_stack([dates, dates])):
        with pytest.raises(TypeError, match=r"X: found dates \(datetime64.*\) in an array, expected numbers; put them into a column of a frame"):
            DeltaRuleRegressor().fit(given, y)
    with pytest.raises(TypeError, match=r"X: found durations \(timedelta64.*\), expected numbers; divide them by a unit"):
        DeltaRuleRegressor().fit((dates - dates[0]).reshape(-1, 1), y)
    model = DeltaRuleRegressor().fit(X[:, :1], y)
    with pytest.raises(TypeError, match="X: found dates"):
        model.predict(dates.reshape(-1, 1))
    for estimator in (DeltaRuleRegressor(), DeltaRuleClassifier()):
        with pytest.raises(TypeError, match="y: found dates"):
            estimator.fit(X, DATES[HIGH.astype(int)].astype(f"M8[{unit}]"))
        with pytest.raises(TypeError, match="y: found durations"):
            estimator.fit(X, dates - dates[0])


def test_classes_that_are_missing_or_of_several_types():
    for missing in (None, np.nan, pandas.NA):
        y = [missing, *["a", "b"] * 44, "a"]
        for given in (y, np.array(y, dtype=object), pandas.Series(y, dtype=object)):
            with pytest.raises(ValueError, match="y: record 1: found .*, expected a class"):
                DeltaRuleClassifier().fit(X, given)
    with pytest.raises(TypeError, match="y: found classes of the types int, str, expected one type; try y.astype"):
        DeltaRuleClassifier().fit(X, np.array([1, "a"] * 45, dtype=object))
