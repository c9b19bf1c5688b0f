"""Exported models in onnxruntime beside predict: every activation, one output and several, any number of records."""

import re

import numpy as np
import onnx
import onnxruntime
import pytest

from deltarule import DeltaRuleClassifier, DeltaRuleRegressor

ACTIVATIONS = "identity sigmoid tanh relu leaky-relu elu softplus softsign gelu silu exp".split()
FORMULA = "h / (1 + abs(h)) + erf(h) / 9"


def columns(n, seed=0):
    draw = np.random.default_rng(seed)
    return {
        "size": np.round(draw.normal(50, 10, n), 2),
        "rooms": draw.integers(1, 8, n).astype(np.float64),
        "city": draw.choice(["Köln", "Ulm", "O'Brien, \"x\""], n),
    }


def frame(of):
    import polars

    return polars.DataFrame({name: values.tolist() for name, values in of.items()})


def run(model, of):
    exported = onnx.load_model_from_string(model.to_onnx())
    onnx.checker.check_model(exported, full_check=True)
    session = onnxruntime.InferenceSession(exported.SerializeToString())
    feeds = {}
    for put in session.get_inputs():
        values = of[put.name]
        feeds[put.name] = np.array(values, dtype=object if values.dtype.kind in "UO" else np.float64).reshape(-1, 1)
    return {out.name: value for out, value in zip(session.get_outputs(), session.run(None, feeds))}


def the_one_of_shape(outputs, expected):
    """The output that has the shape of what is expected, if there is one."""
    numbers = [value for value in outputs.values() if value.dtype.kind == "f"]
    found = [value for value in numbers if value.size == expected.size] or [np.hstack(numbers)]
    return found[0].reshape(expected.shape)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, FORMULA])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers(activation, n_outputs):
    of = columns(400)
    y = np.column_stack([of["size"] / 100 + (of["city"] == "Ulm") / 9, of["rooms"] / 9 - of["size"] / 99])
    target = y[:, 0] if n_outputs == 1 else y
    model = DeltaRuleRegressor(activation=activation, init="normal", epochs=30, missing="mean").fit(frame(of), target)
    for n in (0, 1, 400):
        some = {name: values[:n] for name, values in of.items()}
        outputs = run(model, some)
        if n == 0:
            assert all(len(value) == 0 for value in outputs.values())
            continue
        expected = model.predict(frame(some))
        np.testing.assert_allclose(the_one_of_shape(outputs, expected), expected, rtol=1e-12, atol=1e-12)


def test_every_activation_is_among_these():
    with pytest.raises(ValueError, match="activation \"cubic\" is none of") as told:
        DeltaRuleRegressor(activation="cubic").fit([[1.0], [2.0]], [1.0, 2.0])
    names = re.search("none of (.*?),? and as a formula", str(told.value)).group(1).split(", ")
    # No descent leads to a step.
    assert set(names) - {"step"} == set(ACTIVATIONS)


CLASS_SETTINGS = [{"activation": name} for name in ACTIVATIONS if name != "identity"] + [{"activation": FORMULA}, {}, {"loss": "log"}, {"loss": "hinge"}]


@pytest.mark.parametrize("settings", CLASS_SETTINGS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes(settings, n_classes):
    of = columns(300)
    y = np.array(["few", "many", "some"])[np.minimum((of["rooms"] - 1) // (3 if n_classes == 3 else 4), n_classes - 1).astype(int)]
    model = DeltaRuleClassifier(epochs=50, init="normal", **settings).fit(frame(of), y)
    for n in (0, 1, 300):
        some = {name: values[:n] for name, values in of.items()}
        outputs = run(model, some)
        [labels] = [value for value in outputs.values() if value.dtype.kind in "OU"]
        if n == 0:
            assert all(len(value) == 0 for value in outputs.values())
            continue
        proba = model.predict_proba(frame(some))
        np.testing.assert_allclose(the_one_of_shape(outputs, proba), proba, atol=1e-12)
        assert labels.ravel().tolist() == model.predict(frame(some)).tolist()


def test_what_cannot_be_exported_is_said():
    of = columns(300)
    model = DeltaRuleRegressor(hash=["city"]).fit(frame(of), of["size"])
    with pytest.raises(ValueError, match="city"):
        model.to_onnx()
