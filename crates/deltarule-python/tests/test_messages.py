"""Settings that cannot be, and messages in the words of Python: parameters where the command has options, and users' own words as they are."""

import inspect

import numpy as np
import pandas
import pytest
import scipy.sparse

import deltarule
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor, _core

X = np.random.default_rng(0).normal(size=(60, 3))
y = X @ [1.0, 2.0, 3.0]
FRAME = pandas.DataFrame({"hour": X[:, 0], "city": ["Ulm", "Bonn"] * 30, "late": X[:, 1] > 0, "price": y})


@pytest.mark.parametrize(
    "said, expected",
    [
        ("use --missing mean", "use missing='mean'"),
        ("try --eta 0.05, or leave out --eta", "try eta=0.05, or leave out eta"),
        ("use --no-bias", "use bias=False"),
        ("(see --valid)", "(see validation_fraction)"),
        ("with --task classification it works", "with DeltaRuleClassifier it works"),
        ("--loss log: needs", "loss='log': needs"),
        ("--weight: found a text", "sample_weight: found a text"),
        ('column "x0": use --drop x0, or --hash x0 instead', 'column "x0": use drop=[\'x0\'], or hash=[\'x0\'] instead'),
        ("column \"two words\": --drop 'two words'", "column \"two words\": drop=['two words']"),
        ("cannot be used:\n  a: b\n  c: d\nleave out with: --drop a,c\nor", "cannot be used:\n  a: b\n  c: d\nleave out with: drop=['a', 'c']\nor"),
        ("--drop less; --hash with its name", "drop less; hash with its name"),
        ("column day: looks like dates; --date day takes", "column day: looks like dates; date=['day'] takes"),
        ("column a b: looks like dates; --date 'a b:%s' takes", "column a b: looks like dates; date={'a b': '%s'} takes"),
        ("say how they are written: --date day:%d.%m.%Y", "say how they are written: date day:%d.%m.%Y"),
        # What is no option, or no value of one.
        ("--weight is not there", "sample_weight is not there"),
        ("--elsewhere 3", "--elsewhere 3"),
        # Words of users': names of files and columns.
        ("run--weight.csv: line 3", "run--weight.csv: line 3"),
        ("data/--weight.csv: line 3", "data/--weight.csv: line 3"),
        ("--weight.csv: line 3", "--weight.csv: line 3"),
        ('column "use --eta 3": found', 'column "use --eta 3": found'),
        ('found "--missing mean"; use --missing mean', 'found "--missing mean"; use missing=\'mean\''),
        ("a--eta and --eta-b", "a--eta and --eta-b"),
        ("Größe --eta 3 für", "Größe eta=3 für"),
        ("", ""),
    ],
)
def test_options_become_parameters_and_nothing_else_does(said, expected):
    assert _core.in_python(said) == expected


def test_a_file_keeps_its_name_in_messages(tmp_path):
    for name in ("run--weight.csv", "--eta 3.csv"):
        path = tmp_path / name
        path.write_text("a,y\n1,2\n3,4\nx,6\n")
        with pytest.raises(ValueError) as told:
            DeltaRuleRegressor().fit(path, target="y")
        assert str(path) in str(told.value)
    frame = pandas.DataFrame({"--l2 1": np.where(X[:, 0] > 1, np.nan, X[:, 0]), "y": y})
    with pytest.raises(ValueError, match=r"missing \(NaN or None\) in --l2 1 \(\d+ of 60\), the first in record \d+; use missing='mean'"):
        DeltaRuleRegressor().fit(frame, target="y")


def test_parameters_are_those_of_the_engine():
    """The parameters of both estimators, those of the settings in Rust, and those that messages name."""

    def of(cls):
        return {name: p.default for name, p in inspect.signature(cls).parameters.items()}

    numbers, classes = of(DeltaRuleRegressor), of(DeltaRuleClassifier)
    assert {**numbers, "class_weight": None} == classes
    assert [name for name in classes if name != "class_weight"] == list(numbers)
    # What estimators have beside settings of descent, and settings that data have.
    only_here = {"random_state", "warm_start", "callback", "progress"}
    of_data = {"targets", "features", "drop", "task", "weight", "split_by"}
    given = DeltaRuleClassifier()._settings([], [])
    assert set(given) - of_data == set(classes) - only_here
    # The engine asks for each of them by its name, and for no other.
    frame = _core.Frame("X")
    for name in given:
        less = {key: value for key, value in given.items() if key != name}
        with pytest.raises(KeyError, match=name):
            _core.train(frame, less)
    asked = set()

    class Watched(dict):
        def __getitem__(self, name):
            asked.add(name)
            return super().__getitem__(name)

    with pytest.raises(ValueError):
        _core.train(frame, Watched(given))
    assert asked == set(given)
    named = {parameter.split("=")[0] for parameter in _core.PARAMETERS}
    assert named - {"drop", "features", "sample_weight", "target"} <= set(classes)


@pytest.mark.parametrize("cls", [DeltaRuleRegressor, DeltaRuleClassifier])
def test_parameters_and_attributes_are_documented(cls):
    def names(section, after):
        text = cls.__doc__.split(f"{section}\n{'-' * len(section)}\n")[1].split(after)[0]
        return [line.split(" : ")[0] for line in text.splitlines() if line and not line.startswith(" ")]

    told = names("Parameters", "Attributes\n")
    assert told == list(inspect.signature(cls).parameters)
    fitted = cls(validation_fraction=0.25, early_stopping=3).fit(FRAME[["hour", "city"]], y > 0 if cls is DeltaRuleClassifier else y)
    public = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    assert set(names("Attributes", "Examples\n")) == public


@pytest.mark.parametrize(
    "settings, kind, message",
    [
        ({"seed": 2**70}, ValueError, f"seed: found {2**70}, expected a whole number from 0 to {2**64 - 1}"),
        ({"seed": -1}, ValueError, "seed: found -1, expected a whole number from 0 on"),
        ({"random_state": 2**70}, ValueError, f"random_state: found {2**70}, expected"),
        ({"epochs": 2**70}, ValueError, "epochs: found .*, expected None, or a whole number"),
        ({"missing": None}, TypeError, "missing: found None, expected a text"),
        ({"scale": None}, TypeError, "scale: found None, expected a text"),
        ({"init": "weights.json"}, ValueError, "init: found \"weights.json\", expected 'auto', 'zeros' or 'normal'"),
        ({"poly": {"hour": 2.7}}, ValueError, "poly: found 2.7, expected a whole number from 2 on"),
        ({"poly": {"hour": 99}}, ValueError, "poly: .*expected powers from 2 to 10"),
        ({"poly": "hour"}, TypeError, "poly: found 'hour', expected a dict of columns, as in {'hour': 3}"),
        ({"poly": 3}, TypeError, "poly: found 3, expected a dict of columns"),
        ({"n_jobs": 2.9}, ValueError, "n_jobs: found 2.9, expected None, a whole number from 1 on, or -1 for all processors"),
        ({"n_jobs": True}, ValueError, "n_jobs: found True"),
        ({"n_jobs": "2"}, ValueError, "n_jobs: found '2'"),
        ({"hash": {"city": 2.5}}, ValueError, "hash: found 2.5, expected None, or a whole number"),
        ({"hash": {"city": 77}}, ValueError, "hash: .*expected bits from"),
        ({"hash": 3}, TypeError, "hash: found 3, expected a dict of columns"),
        ({"date": {"hour": 3}}, TypeError, "date: found 3, expected a text"),
        ({"interact": "hour"}, TypeError, "interact: found 'hour', expected pairs of columns"),
        ({"interact": [("hour",)]}, TypeError, r"interact: found \('hour',\), expected pairs of columns"),
        ({"interact": [("hour", 3)]}, TypeError, r"interact: found \('hour', 3\), expected pairs of columns"),
        ({"categorical": 3}, TypeError, "categorical: found 3, expected names of columns"),
        ({"categorical": [3]}, TypeError, "categorical: found 3, expected names of columns"),
        ({"memory": 0}, ValueError, "memory: found 0, expected None, or a whole number from 1 on"),
        ({"l2": "much"}, ValueError, "l2: found 'much', expected a number"),
        ({"l2": None}, TypeError, "l2: found None, expected a number"),
    ],
)
def test_settings_that_cannot_be(settings, kind, message):
    with pytest.raises(kind, match=message):
        DeltaRuleRegressor(**settings).fit(FRAME, target="price")


def test_columns_are_chosen_by_their_names():
    one = DeltaRuleRegressor().fit(FRAME, target="price", features="hour")
    assert one.feature_names_in_.tolist() == ["hour"]
    less = DeltaRuleRegressor().fit(FRAME, target="price", drop="city")
    assert less.feature_names_in_.tolist() == ["hour", "late"]
    assert DeltaRuleRegressor().fit(FRAME, target="price", features=["hour", "city"], drop=["city"]).feature_names_in_.tolist() == ["hour"]
    for name, given in [("features", "minute"), ("drop", ["minute"]), ("target", "minute"), ("sample_weight", "minute")]:
        with pytest.raises(ValueError, match=f"{name}: found 'minute', expected one of the columns: hour, city, late, price"):
            DeltaRuleRegressor().fit(FRAME, **{"target": "price", name: given})
    for data in (FRAME, "no.csv"):
        for name in ("features", "drop"):
            with pytest.raises(ValueError, match=f"{name}: found the target 'price', expected other columns"):
                DeltaRuleRegressor().fit(data, target="price", **{name: ["price"]})
            with pytest.raises(ValueError, match=f"{name}: found the column of weights 'hour', expected other columns"):
                DeltaRuleRegressor().fit(data, target="price", sample_weight="hour", **{name: ["hour"]})
        with pytest.raises(ValueError, match="features: found no column that is not in drop, expected at least one"):
            DeltaRuleRegressor().fit(data, target="price", features=["hour"], drop=["hour"])
    with pytest.raises(ValueError, match="X: found no column that is left to predict from"):
        DeltaRuleRegressor().fit(FRAME, target="price", drop=["hour", "city", "late"])
    with pytest.raises(ValueError, match="X: found two columns with the name 'hour'"):
        DeltaRuleRegressor().fit(pandas.concat([FRAME, FRAME[["hour"]]], axis=1), target="price")
    with pytest.raises(TypeError, match="target: found 3, expected names of columns"):
        DeltaRuleRegressor().fit(FRAME, target=3)


def test_a_sweep_takes_one_value_and_none():
    model = DeltaRuleRegressor(epochs=5, l2=0.2)
    assert [run["l2"] for run in model.sweep(X, y, l2=0.1).runs] == [0.1]
    assert [run["l2"] for run in model.sweep(X, y).runs] == [0.2]
    assert [run["l2"] for run in model.sweep(X, y, l2=np.array([0.0, 0.1])).runs] == [0.0, 0.1]
    assert [run["seed"] for run in model.sweep(X, y, seeds=range(2)).runs] == [0, 1]
    assert [run["optimizer"] for run in model.sweep(X, y, optimizer="gd").runs] == ["gd"]
    with pytest.raises(ValueError, match="l2: found no value, expected at least one"):
        model.sweep(X, y, l2=[])


def test_sparse_columns_of_pandas_are_taken():
    frame = pandas.DataFrame({"a": pandas.arrays.SparseArray(np.where(X[:, 0] > 0, 0.0, X[:, 0])), "b": X[:, 1]})
    model, dense = DeltaRuleRegressor().fit(frame, y), DeltaRuleRegressor().fit(np.column_stack([np.where(X[:, 0] > 0, 0.0, X[:, 0]), X[:, 1]]), y)
    assert np.array_equal(model.coef_, dense.coef_)


def test_what_allows_missing_values_predicts_with_them():
    gaps = np.where(X == X[3, 1], np.nan, X)
    for missing in ("error", "mean", "level", "mean+flag", "drop"):
        model = DeltaRuleRegressor(missing=missing)
        allows = model.__sklearn_tags__().input_tags.allow_nan
        model.fit(X if missing == "error" else gaps, y)
        if allows:
            assert np.isfinite(model.predict(gaps)).all()
        else:
            told = f"trained with missing='{missing}', which gives them none in a prediction"
            with pytest.raises(ValueError, match=told):
                model.predict(gaps)


def test_a_column_of_a_sparse_matrix_beyond_32_bits_is_refused():
    columns = np.array([0, 1, 0, 2**32], dtype=np.int64)
    matrix = scipy.sparse.csr_matrix((np.ones(4), columns, np.arange(5)), shape=(4, 2**32 + 1))
    with pytest.raises(ValueError, match=f"X: found a number in column {2**32} of a sparse matrix, expected columns up to {2**31 - 1}"):
        DeltaRuleRegressor().fit(matrix, [1.0, 2.0, 1.0, 3.0])


def test_numbers_that_f64_does_not_reach_are_refused():
    with pytest.raises(ValueError, match="found a whole number beyond f64"):
        DeltaRuleRegressor().fit([[10**400], [1], [2]], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="y: found a whole number beyond f64"):
        DeltaRuleRegressor().fit([[1], [2], [3]], [10**400, 1, 2])
    with pytest.raises(ValueError, match="record 1: found a number of 401 digits"):
        DeltaRuleRegressor().fit(pandas.DataFrame({"a": pandas.Series([10**400, 1, 2], dtype=object)}), [1.0, 2.0, 3.0])


def test_the_package_lists_what_it_has():
    assert set(deltarule.__all__) <= set(dir(deltarule))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        deltarule.nothing
