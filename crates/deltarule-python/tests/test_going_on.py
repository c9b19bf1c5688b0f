"""Training that goes on from weights that are there: a warm start, and further records."""

import warnings

import numpy as np
import pandas
import polars
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

import deltarule
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor, DivergedError


def data(n=200, d=4, seed=0):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, d))
    return X, X @ np.arange(1.0, d + 1) + 3 + 0.1 * draw.normal(size=n)


# A warm start. With no epoch at all the weights that a fit begins with are those that it ends with.


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_a_warm_start_in_other_units_is_the_same_function(activation):
    X, y = data()
    target = y if activation is None else np.tanh(y / 9)
    model = DeltaRuleRegressor(activation=activation, warm_start=True).fit(X, target)
    before = model.predict(X)
    for settings, inputs in [({}, 2 * X[:50] - 0.5), (dict(scale="none"), X), (dict(scale="standard"), X / 3 + 0.2), (dict(scale="none"), 2 * X)]:
        model.set_params(epochs=0, **settings).fit(inputs, target[: len(inputs)])
        np.testing.assert_allclose(model.predict(X), before, rtol=1e-12, atol=1e-12)


def test_a_warm_start_far_from_the_old_records_is_the_same_function():
    X, y = data()
    model = DeltaRuleRegressor(warm_start=True).fit(X, y)
    before = model.predict(X)
    model.set_params(epochs=0).fit(100 * X + 5000, y)
    # Sums of 5000 lose four of sixteen digits.
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-10, atol=1e-10)


def test_a_warm_start_keeps_categories_and_sparse_numbers():
    X, y = data()
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "city": ["Ulm", "Bonn", "Köln", "Ulm"] * 50})
    # The same levels with other numbers, and a column that is constant, whose weight becomes 0: its share is in the bias.
    part = frame.head(90).assign(b=2.0)
    model = DeltaRuleRegressor(warm_start=True).fit(frame, y)
    before, elsewhere = model.predict(part), model.predict(frame)
    model.set_params(epochs=0).fit(part, y[:90])
    np.testing.assert_allclose(model.predict(part), before, rtol=1e-12)
    assert model.coef_[1] == 0 and not np.allclose(model.predict(frame), elsewhere)
    # The middle of a product is part of its name, so that products of other numbers are other inputs.
    model = DeltaRuleRegressor(interact=[("a", "city")], warm_start=True).fit(frame, y)
    with pytest.raises(ValueError, match="warm_start: found other inputs"):
        model.fit(frame.assign(a=frame.a + 10), y)
    matrix = scipy.sparse.random(300, 6, density=0.4, random_state=0, format="csr")
    target = matrix @ np.arange(1.0, 7) + 1
    sparse = DeltaRuleRegressor(warm_start=True).fit(matrix, target)
    before = sparse.predict(matrix)
    sparse.set_params(epochs=0).fit(matrix[:100] * 5, target[:100])
    np.testing.assert_allclose(sparse.predict(matrix), before, rtol=1e-12)


def test_a_warm_start_of_other_inputs_is_refused():
    X, y = data()
    model = DeltaRuleRegressor(warm_start=True).fit(X, y)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match="warm_start: found other inputs, outputs or another bias"):
        model.fit(X[:, :3], y)
    with pytest.raises(ValueError, match="warm_start: found other inputs, outputs or another bias"):
        model.set_params(bias=False).fit(X, y)
    assert np.array_equal(model.coef_, before)
    unbiased = DeltaRuleRegressor(bias=False, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start: found another mean of \"x0\" than in the last fit, and no bias"):
        unbiased.fit(X + 1, y)
    # Without a scaling there are no units to come from.
    unscaled = DeltaRuleRegressor(bias=False, scale="none", warm_start=True).fit(X, y)
    before = unscaled.coef_.copy()
    assert np.array_equal(unscaled.set_params(epochs=0).fit(X + 1, y).coef_, before)


# Further records.


def test_a_pass_that_diverges_is_told():
    X, y = data()
    model = DeltaRuleRegressor(eta=50.0, batch="full")
    with pytest.raises(DivergedError, match="eta"):
        model.partial_fit(X * 1e80, y * 1e80)
    model = DeltaRuleRegressor(eta=0.05).partial_fit(X, y)
    before, curve = model.coef_.copy(), model.loss_curve_.copy()
    model.set_params(eta=1e3)
    with pytest.raises(DivergedError, match="diverged.*eta"):
        model.partial_fit(X, y)
    assert np.array_equal(model.coef_, before) and np.array_equal(model.loss_curve_, curve)


def test_a_pass_that_ends_higher_is_told():
    X, y = data()
    draw = np.random.default_rng(3)
    noisy = y + 20 * draw.normal(size=len(y))
    model = DeltaRuleRegressor(eta=0.01).partial_fit(X, noisy).partial_fit(X, noisy)
    before = model.coef_.copy()
    model.set_params(eta=0.3)
    with pytest.warns(ConvergenceWarning, match=r"E rose in this pass; the weights are as before; try a smaller eta \(it was 0\.3\)"):
        model.partial_fit(X, noisy)
    assert np.array_equal(model.coef_, before) and model.best_iter_ < model.n_iter_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DeltaRuleRegressor(eta=0.01).partial_fit(X, y).partial_fit(X, y)


def test_every_pass_tells_its_callback():
    X, y = data()
    seen = []
    model = DeltaRuleRegressor(eta=0.01, callback=lambda epoch: seen.append(epoch["epoch"]))
    for _ in range(3):
        model.partial_fit(X, y)
    assert seen == [0, 1] * 3

    def fails(epoch):
        raise RuntimeError("enough")

    before = model.coef_.copy()
    with pytest.raises(RuntimeError, match="enough"):
        model.set_params(callback=fails).partial_fit(X, y)
    model.set_params(callback=lambda epoch: True).partial_fit(X, y)
    assert np.array_equal(model.coef_, before) and model.stop_reason_ == "interrupted" and "callback" in model.stop_text_


def test_attributes_are_those_of_the_last_pass():
    X, y = data()
    model = DeltaRuleRegressor(eta=0.01).partial_fit(X, y)
    for calls, eta in [(2, 0.02), (3, 0.001)]:
        model.set_params(eta=eta).partial_fit(X, y)
        assert model.n_iter_ == calls and model.best_iter_ == calls
        assert len(model.loss_curve_) == len(model.eta_curve_) == calls + 1
        assert model.learning_rate_ == eta and model.eta_curve_[-1] == eta
        assert model.loss_ == model.loss_curve_[-1] == pytest.approx(0.5 * np.sum((y - model.predict(X)) ** 2))
        assert model.validation_curve_ is None
    half = y[:100]
    model.partial_fit(X[:100], half)
    assert model.baseline_loss_ == pytest.approx(0.5 * np.sum((half - half.mean()) ** 2))


@pytest.mark.parametrize("estimator", [DeltaRuleRegressor(), DeltaRuleClassifier(loss="log")])
def test_a_model_of_a_file_goes_on(tmp_path, estimator):
    X, y = data()
    y = y if isinstance(estimator, DeltaRuleRegressor) else np.where(y > 3, "high", "low")
    estimator.fit(X, y).save(tmp_path / "model.json")
    loaded = deltarule.load(tmp_path / "model.json")
    loaded.set_params(loss=estimator.loss).partial_fit(X[:100] + 1, y[:100])
    estimator.partial_fit(X[:100] + 1, y[:100])
    assert np.array_equal(loaded.coef_, estimator.coef_) and loaded.n_iter_ == estimator.n_iter_
    assert len(loaded.loss_curve_) == 2 and loaded.stop_reason_ == estimator.stop_reason_
    assert loaded._repr_html_()


def test_what_a_file_tells_is_there(tmp_path):
    X, y = data()
    model = DeltaRuleRegressor().fit(X, y)
    model.save(tmp_path / "model.json")
    loaded = deltarule.load(tmp_path / "model.json")
    told = "n_iter_ best_iter_ loss_ baseline_loss_ learning_rate_ optimizer_ stop_reason_ n_features_in_ input_names_ intercept_".split()
    assert {name: getattr(loaded, name) for name in told} == {name: getattr(model, name) for name in told}
    # The columns of an array are called x0, x1 and so on, and an array has them.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(loaded.predict(X), model.predict(X))
        frame = pandas.DataFrame(X[:, ::-1], columns=["x3", "x2", "x1", "x0"])[["x0", "x1", "x2", "x3"]]
        assert np.array_equal(loaded.predict(frame), model.predict(X))


# Columns by their names.


def test_two_columns_of_one_name_are_refused():
    X, y = data()
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    model = DeltaRuleRegressor().fit(frame, y)
    twice = pandas.DataFrame(np.column_stack([X, X[:, 0]]), columns=["a", "b", "c", "d", "a"])
    for use in (lambda: model.predict(twice), lambda: DeltaRuleRegressor().fit(twice, y), lambda: model.partial_fit(twice, y)):
        with pytest.raises(ValueError, match="X: found two columns with the name 'a', expected different ones; rename one of them"):
            use()


def test_an_array_and_a_frame_are_the_same_where_they_have_as_many_columns():
    X, y = data()
    of_array = DeltaRuleRegressor().fit(X, y)
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    of_frame = DeltaRuleRegressor().fit(frame, y)
    for table in (frame, polars.DataFrame({name: frame[name].to_numpy() for name in frame})):
        with pytest.warns(UserWarning, match="X has feature names, but DeltaRuleRegressor was fitted without feature names"):
            assert np.array_equal(of_array.predict(table), of_array.predict(X))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert np.array_equal(of_frame.predict(X), of_frame.predict(frame))
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="X has 3 features, but DeltaRuleRegressor is expecting 4"):
        of_array.predict(frame[["a", "b", "c"]])
    with pytest.raises(ValueError, match="not found: 'd'"):
        of_frame.predict(polars.DataFrame({name: frame[name].to_numpy() for name in "abc"}))
