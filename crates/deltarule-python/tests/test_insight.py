"""What learners look at: numbers that can be checked by hand, and the same ones as in the command."""

import json

import numpy as np
import pytest

from deltarule import DeltaRuleClassifier, DeltaRuleRegressor

from conftest import EXAMPLES, inputs_and_target


def test_a_step_adds_up():
    X, y, _ = inputs_and_target("ten.csv", "passed")
    model = DeltaRuleClassifier(eta=0.5, epochs=5).fit(X, y.astype(int))
    step = model.explain(X[0], int(y[0]))
    output = step.outputs[0]
    assert output["net_input"] == pytest.approx(sum(output["terms"]) + output["bias"])
    assert output["delta"] == output["residual"] * output["derivative"]
    for x, w, change, new in zip(step.inputs, output["weights"], output["step"], output["new_weights"]):
        assert change == pytest.approx(step.eta * output["delta"] * x) and new == w + change
    assert step.new_loss < step.loss and step.eta == 0.5
    text = str(step)
    assert "1. forward" in text and f"= {output['delta']!r}" in text and "E of this record" in text
    assert "<table>" in step._repr_html_()


def test_a_step_is_that_of_the_command(command):
    X, y, _ = inputs_and_target("diabetes.csv", "progression")
    data = EXAMPLES / "diabetes.csv"
    _, path = command.train(data, "--target", "progression")
    told = json.loads(command.run("explain", path, data, "--record", "3", "--json"))
    step = DeltaRuleRegressor().fit(X, y).explain(X[2], y[2])
    [same], record = told["record"]["steps"], told["record"]
    assert step.inputs == record["x"] and step.eta == told["eta"]
    names = dict(
        weights="w", bias="b", terms="wx", net_input="h", output="y_hat", target="y", residual="residual", squared="squared", loss="loss",
        slope="slope", derivative="derivative", delta="delta", gradient="gradient", bias_gradient="bias_gradient", step="step",
        bias_step="bias_step", new_weights="new_w", new_bias="new_b", new_net_input="new_h", new_output="new_y_hat", new_loss="new_loss",
    )
    assert {name: step.outputs[0][name] for name in names} == {name: same[told] for name, told in names.items()}
    assert set(names.values()) == set(same) - {"output"}


def test_a_step_says_what_it_leaves_out():
    X, y, _ = inputs_and_target("diabetes.csv", "progression")
    assert DeltaRuleRegressor(epochs=3).fit(X, y).explain(X[2], y[2]).left_out is None
    step = DeltaRuleRegressor(epochs=3, l2=0.1).fit(X, y, sample_weight=np.arange(len(y)) % 3).explain(X[2], y[2])
    assert "without the penalty of the training" in str(step) and "without the penalty" in step._repr_html_()


@pytest.mark.parametrize("activation", ["identity", "tanh", "h / (1 + abs(h))"])
def test_gradients_agree_with_differences(activation):
    X, y, _ = inputs_and_target("iris.csv", "species")
    check = DeltaRuleClassifier(activation=activation).check_gradient(X, y)
    assert check and check.worst < 1e-6 and len(check.weights) == 15
    assert "the gradient is right" in str(check) and "setosa" in check._repr_html_()


def test_runs_of_a_sweep_are_those_of_fit():
    X, y, _ = inputs_and_target("diabetes.csv", "progression")
    base = DeltaRuleRegressor(epochs=20)
    sweep = base.sweep(X, y, eta=[0.01, 0.1, "auto", 50.0], l2=[0.0, 0.1])
    assert len(sweep) == 8 and sweep.best is not None
    for k, (l2, eta) in enumerate((l2, eta) for l2 in [0.0, 0.1] for eta in [0.01, 0.1, "auto", 50.0]):
        if eta == 50.0:
            assert sweep.runs[k]["stop_reason"] == "diverged"
            continue
        alone = DeltaRuleRegressor(epochs=20, eta=eta, l2=l2).fit(X, y)
        assert np.array_equal(sweep.runs[k]["loss_curve"], alone.loss_curve_)
    best = sweep.best_estimator
    assert np.array_equal(best.predict(X), DeltaRuleRegressor(epochs=20, eta=best.eta, l2=best.l2).fit(X, y).predict(X))
    assert "* the best" in str(sweep) and "<table>" in sweep._repr_html_()


@pytest.mark.parametrize("settings", [dict(precision="f32"), dict(precision="f32", batch=16, validation_fraction=0.25)])
def test_runs_of_a_sweep_have_the_precision_of_fit(settings):
    X, y, _ = inputs_and_target("diabetes.csv", "progression")
    base = DeltaRuleRegressor(epochs=20, **settings)
    sweep = base.sweep(X, y, eta=[0.01, "auto"])
    for run, eta in zip(sweep.runs, [0.01, "auto"]):
        alone = DeltaRuleRegressor(epochs=20, eta=eta, **settings).fit(X, y)
        wide = DeltaRuleRegressor(epochs=20, eta=eta, **{**settings, "precision": "f64"}).fit(X, y)
        assert np.array_equal(run["loss_curve"], alone.loss_curve_) and not np.array_equal(run["loss_curve"], wide.loss_curve_)
    assert json.loads(sweep.best_estimator._model.to_json())["training"]["precision"] == "f32"


def test_a_notebook_shows_equation_and_curve():
    X, y, _ = inputs_and_target("diabetes.csv", "progression")
    shown = DeltaRuleRegressor().fit(X, y)._repr_html_()
    assert "<polyline" in shown and "h(y) = " in shown and "ŷ = f(h), f = identity" in shown
    assert "<polyline" not in DeltaRuleRegressor()._repr_html_()
