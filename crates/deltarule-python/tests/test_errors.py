"""What is wrong is said as an exception of Python's kind, with what to try; nothing ends the interpreter."""

import json
import os
import signal
import threading
import time

import numpy as np
import pandas
import pytest

import deltarule
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor, DivergedError

X = np.random.default_rng(0).normal(size=(50, 3))
y = X @ [1.0, 2.0, 3.0]

#: A descent that would take days.
SLOW = dict(loss="huber:0.1", eta=1e-9, epochs=10**6, tolerance=0.0)
FITTED = DeltaRuleRegressor().fit(pandas.DataFrame(X, columns=["x0", "x1", "x2"]).assign(y=y), target="y")


@pytest.mark.parametrize(
    "settings, data, kind, message",
    [
        ({}, (X, y[:-1]), ValueError, "inconsistent numbers of samples"),
        ({}, (X[0], y), ValueError, "Expected 2D array"),
        ({}, (np.where(X == X[3, 1], np.nan, X), y), ValueError, r"missing \(NaN or None\) in x1 \(1 of 50\), the first in record 4; use missing='mean'"),
        ({}, (np.where(X == X[3, 1], np.inf, X), y), ValueError, "record 4, column \"x1\": found inf"),
        ({}, (X, np.where(y == y[7], np.nan, y)), ValueError, "Input y contains NaN"),
        ({}, (X.astype(complex), y), ValueError, "Complex data not supported"),
        ({}, (np.array([[object()] * 3] * 50), y), TypeError, "float"),
        ({"activation": "cubic"}, (X, y), ValueError, "activation \"cubic\" is none of identity"),
        ({"loss": "cubic"}, (X, y), ValueError, "loss: found \"cubic\", expected squared"),
        ({"optimizer": "sgd"}, (X, y), ValueError, "optimizer: found \"sgd\", expected one of gd, momentum"),
        ({"optimizer": 3}, (X, y), TypeError, "optimizer: found 3, expected a text"),
        ({"momentum": 0.5}, (X, y), ValueError, "momentum: expected optimizer='momentum' or optimizer='nesterov' beside it"),
        ({"eta": -1}, (X, y), ValueError, "eta: found -1.0, expected 'auto', or a finite number above 0"),
        ({"eta": "large"}, (X, y), ValueError, "eta: found \"large\", expected 'auto'"),
        ({"batch": 0}, (X, y), ValueError, "batch: found 0, expected 'full', or a whole number from 1 on"),
        ({"epochs": 2.5}, (X, y), ValueError, "epochs: found 2.5, expected None, or a whole number"),
        ({"scale": "unit"}, (X, y), ValueError, "scale: found \"unit\", expected one of standard, none"),
        ({"missing": "median"}, (X, y), ValueError, "missing: found \"median\", expected one of error, mean"),
        ({"n_jobs": 0}, (X, y), ValueError, "n_jobs: found 0"),
        ({"early_stopping": 5}, (X, y), ValueError, "early_stopping: found nothing to look at"),
        ({"validation_fraction": 1.5}, (X, y), ValueError, "validation_fraction: found 1.5, expected a fraction between 0 and 1"),
        ({"activation": "step"}, (X, y), ValueError, "cannot be trained by the delta rule"),
        ({"loss": "log"}, (X, y), ValueError, "from 0 to 1"),
        ({"tolerance": -1.0}, (X, y), ValueError, "tolerance: found -1"),
        ({"categorical": ["city"]}, (X, y), ValueError, "no column \"city\""),
    ],
)
def test_what_cannot_be_learned(settings, data, kind, message):
    with pytest.raises(kind, match=message):
        DeltaRuleRegressor(**settings).fit(*data)


def test_an_eta_that_is_too_large_is_told_with_one_that_is_not():
    with pytest.raises(DivergedError, match=r"diverged in epoch \d+ with η = 100: .*: try eta=0\.\d+, or leave out eta"):
        DeltaRuleRegressor(eta=100.0).fit(X, y)
    assert issubclass(DivergedError, ValueError)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        DeltaRuleRegressor().fit(str(tmp_path / "no.csv"), target="y")
    with pytest.raises(FileNotFoundError, match="no file has a name that fits"):
        DeltaRuleRegressor().fit(str(tmp_path / "*.csv"), target="y")
    with pytest.raises(ValueError, match="target: found nothing"):
        DeltaRuleRegressor().fit(str(tmp_path / "no.csv"))
    bad = tmp_path / "bad.csv"
    bad.write_text("a,y\n1,2\n3,4\nx,6\n")
    with pytest.raises(ValueError, match="bad.csv: line 4, column \"a\": found \"x\""):
        DeltaRuleRegressor().fit(bad, target="y")
    with pytest.raises(FileNotFoundError):
        deltarule.load(tmp_path / "no.json")


def test_models_that_cannot_be_used(tmp_path):
    model = DeltaRuleRegressor().fit(X, y)
    path = tmp_path / "model.json"
    model.save(path)
    with pytest.raises(ValueError, match="try DeltaRuleRegressor.load"):
        DeltaRuleClassifier.load(path)
    newer = json.loads(path.read_text())
    newer["version"] = 99
    path.write_text(json.dumps(newer))
    with pytest.raises(ValueError, match="model.json: model file version 99 is newer than this deltarule"):
        deltarule.load(path)
    path.write_text("no model")
    with pytest.raises(ValueError, match="model.json: not a deltarule model"):
        deltarule.load(path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    model = DeltaRuleRegressor().fit(X, y)
    with pytest.raises(FileNotFoundError, match=r"model.json: there is no folder .*/nowhere; make it first"):
        model.save(tmp_path / "nowhere" / "model.json")
    assert os.listdir(tmp_path) == []


def test_what_is_told_of_targets_has_no_types_of_numpy():
    for texts in (["Ulm", "Bonn"] * 25, pandas.Series(["Ulm", "Bonn"] * 25), np.array(["Ulm", "Bonn"] * 25, dtype=object)):
        with pytest.raises(ValueError, match="y: found the text 'Ulm', expected numbers; for classes there is DeltaRuleClassifier"):
            DeltaRuleRegressor().fit(X, texts)
    with pytest.raises(ValueError, match="y: found one class only, 1.0, expected"):
        DeltaRuleClassifier().fit(X, np.ones(50))
    with pytest.raises(ValueError, match="y: found no record of class 1 in the first call"):
        DeltaRuleClassifier().partial_fit(X, np.zeros(50, dtype=int), classes=[0, 1])
    with pytest.raises(ValueError, match=r"y: found the class 2, expected one of \[0, 1\]"):
        DeltaRuleClassifier().fit(X, np.arange(50) % 2).partial_fit(X, np.arange(50) % 3)


def test_a_callback_that_is_none_is_told():
    with pytest.raises(TypeError, match="callback: found 3, expected a function of an epoch, or None"):
        DeltaRuleRegressor(callback=3).fit(X, y)


def test_predictions_of_what_was_not_trained_on():
    model = DeltaRuleRegressor().fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features, but DeltaRuleRegressor is expecting 3"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="missing"):
        model.predict(np.where(X == X[3, 1], np.nan, X))
    frame = pandas.DataFrame({"a": X[:, 0], "city": ["Ulm", "Bonn"] * 25})
    model = DeltaRuleRegressor().fit(frame, y)
    with pytest.raises(ValueError, match="city"):
        model.predict(frame[["a"]])
    # A level that was not seen has no weight, as in the command.
    assert np.isfinite(model.predict(frame.assign(city="Köln"))).all()


def test_columns_of_objects():
    with pytest.raises(ValueError, match="found a text \\('a' in record 1\\) and a number \\(1 in record 2\\)"):
        DeltaRuleRegressor().fit(pandas.DataFrame({"c": pandas.Series(["a", 1] * 25, dtype=object)}), y)
    with pytest.raises(TypeError, match="record 1: found a value of type list"):
        DeltaRuleRegressor().fit(pandas.DataFrame({"c": pandas.Series([[1]] * 50, dtype=object)}), y)
    with pytest.raises(TypeError, match="expected texts"):
        DeltaRuleRegressor().fit(pandas.DataFrame(X, columns=["a", 1, 2]), y)


def test_codes_that_stand_for_no_text():
    import pyarrow

    codes = pyarrow.array([0, 1, 7] * 10, pyarrow.int32())
    column = pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(["a", "b"]), safe=False)
    table = pyarrow.table({"c": column, "y": np.arange(30.0)})
    with pytest.raises(ValueError, match='column "c": .*a code of a dictionary stands for no text'):
        DeltaRuleRegressor().fit(table, target="y")


def test_texts_that_are_not_unicode():
    frame = pandas.DataFrame({"c": pandas.Series(["a", "\ud800"] * 25, dtype=object)})
    with pytest.raises(ValueError, match=r"column \"c\": record 2: found '\\ud800', which is no Unicode text"):
        DeltaRuleRegressor().fit(frame, y)


def test_one_class_is_none():
    with pytest.raises(ValueError, match="one class only"):
        DeltaRuleClassifier().fit(X, np.ones(50))


def test_class_weights_name_classes():
    with pytest.raises(ValueError, match="class_weight: found 'maybe', expected one of the classes: no, yes"):
        DeltaRuleClassifier(class_weight={"maybe": 2}).fit(X, np.where(y > 0, "yes", "no"))


def interrupted(after, work):
    """Seconds from Ctrl-C, which comes some seconds after its begin, to the end of work: the least of three, for a machine that has other things to do."""
    waits = []
    for _ in range(3):
        sent = []

        def interrupt():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        threading.Timer(after, interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            work()
        waits.append(time.monotonic() - sent[0])
    return min(waits)


def test_what_was_interrupted_stays_as_it_was():
    draw = np.random.default_rng(0)
    big = draw.normal(size=(300_000, 20))
    target = big[:, 0] + draw.normal(size=len(big))
    model = DeltaRuleRegressor().fit(X, y)
    before = model.coef_.copy()
    model.set_params(loss="huber:0.1", eta=1e-9, epochs=10**6, tolerance=0.0)
    assert interrupted(0.5, lambda: model.fit(big, target)) < 1
    assert np.array_equal(model.coef_, before)


@pytest.mark.parametrize(
    "work",
    [
        lambda X, y, path: DeltaRuleRegressor(**SLOW).fit(path, target="y"),
        lambda X, y, path: DeltaRuleRegressor(batch=1, epochs=10**6, eta=1e-9).fit(X, y),
        lambda X, y, path: DeltaRuleClassifier(eta=1e-9, epochs=10**6, tolerance=0.0).fit(X, y > 0),
        lambda X, y, path: DeltaRuleRegressor(**SLOW).sweep(X, y, eta=[1e-9, 2e-9]),
        lambda X, y, path: [FITTED.predict(path) for _ in range(10**4)],
        lambda X, y, path: [FITTED.score(path) for _ in range(10**4)],
    ],
)
def test_whatever_runs_can_be_interrupted(work, tmp_path):
    draw = np.random.default_rng(0)
    big = draw.normal(size=(50_000, 3))
    target = big[:, 0] + draw.normal(size=len(big))
    path = tmp_path / "big.csv"
    np.savetxt(path, np.column_stack([big, target]), delimiter=",", header="x0,x1,x2,y", comments="", fmt="%.5f")
    assert interrupted(0.3, lambda: work(big, target, path)) < 1


def test_other_threads_run_meanwhile():
    draw = np.random.default_rng(0)
    big = draw.normal(size=(200_000, 10))
    target = big[:, 0] + draw.normal(size=len(big))
    counted = 0
    ended = threading.Event()

    def count():
        nonlocal counted
        while not ended.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    DeltaRuleRegressor(loss="huber:0.1", epochs=20, n_jobs=1).fit(big, target)
    ended.set()
    thread.join()
    assert counted > 20
