"""scikit-learn's own checks, in several configurations, and what else its users rely on."""

import pickle
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from deltarule import DeltaRuleClassifier, DeltaRuleRegressor

# Steps over few records are drawn by the place of a record: to repeat one, or to leave one out that counts 0 times, draws another order. The two
# ways end near the same minimum, and not at the same bits.
STOCHASTIC = {
    "check_sample_weight_equivalence_on_dense_data": "the order of steps over few records is drawn by the records' places",
    "check_sample_weight_equivalence_on_sparse_data": "the order of steps over few records is drawn by the records' places",
}

CONFIGURATIONS = [
    {},
    {"batch": 16},
    {"activation": "tanh"},
    # Targets beyond the range of f have no minimum: E falls for 100000 epochs.
    {"activation": "h / (1 + abs(h))", "epochs": 1000},
    {"batch": 1},
]


def expected_failures(estimator):
    return STOCHASTIC if estimator.batch != "full" else {}


@parametrize_with_checks(
    [cls(**settings) for settings in CONFIGURATIONS for cls in (DeltaRuleRegressor, DeltaRuleClassifier)],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def data(n=200, d=4, seed=0):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, d))
    return X, X @ np.arange(1.0, d + 1) + 3 + 0.1 * draw.normal(size=n)


def test_a_copy_and_a_pickle_predict_the_same_bits():
    X, y = data()
    model = DeltaRuleRegressor(l2=0.01).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(model.predict(X), again.predict(X))
    assert np.array_equal(clone(model).fit(X, y).coef_, model.coef_)


def test_grid_search_pipelines_and_cross_validation():
    X, y = data()
    classes = np.where(y > 3, "high", "low")
    search = GridSearchCV(DeltaRuleClassifier(loss="log"), {"l2": [1e-4, 1e-1]}, n_jobs=2).fit(X, classes)
    assert search.best_params_ == {"l2": 1e-4} and search.best_score_ > 0.95
    assert cross_val_score(make_pipeline(StandardScaler(), DeltaRuleRegressor()), X, y).min() > 0.99


def test_weights_are_routed_to_the_estimator():
    import sklearn

    X, y = data()
    weight = np.linspace(0.1, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        # Whoever does not say what becomes of weights is refused by scikit-learn.
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        estimator = DeltaRuleRegressor().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler, estimator).fit(X, y, sample_weight=weight)
    alone = DeltaRuleRegressor().fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    assert np.array_equal(pipeline[-1].coef_, alone.coef_)


def test_weights_are_routed_to_scores_and_searches():
    import sklearn

    X, y = data()
    weight = np.linspace(0.1, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = DeltaRuleRegressor(epochs=3).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_validate(estimator, X, y, cv=KFold(3), params={"sample_weight": weight})["test_score"]
        search = GridSearchCV(estimator, {"l2": [0.0, 1.0]}, cv=KFold(3)).fit(X, y, sample_weight=weight)
    for score, (train, test) in zip(scores, KFold(3).split(X)):
        alone = DeltaRuleRegressor(epochs=3).fit(X[train], y[train], sample_weight=weight[train])
        assert score == alone.score(X[test], y[test], sample_weight=weight[test]) != alone.score(X[test], y[test])
    assert np.array_equal(search.best_estimator_.coef_, DeltaRuleRegressor(epochs=3).fit(X, y, sample_weight=weight).coef_)


def test_frames_that_transformers_give_are_taken():
    X, y = data()
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), DeltaRuleRegressor()).fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == ["x0", "x1", "x2", "x3"]
    assert np.array_equal(pipeline.predict(X), make_pipeline(StandardScaler(), DeltaRuleRegressor()).fit(X, y).predict(X))


def test_a_random_state_decides_as_a_seed_does():
    X, y = data()
    settings = dict(batch=16, epochs=5, init="normal")
    by_seed = DeltaRuleRegressor(seed=7, **settings).fit(X, y)
    by_state = DeltaRuleRegressor(random_state=7, **settings).fit(X, y)
    of_stream = [DeltaRuleRegressor(random_state=np.random.RandomState(3), **settings).fit(X, y) for _ in range(2)]
    assert np.array_equal(by_seed.coef_, by_state.coef_)
    assert not np.array_equal(by_seed.coef_, of_stream[0].coef_)
    assert np.array_equal(of_stream[0].coef_, of_stream[1].coef_)


def test_a_warm_start_goes_on_where_the_last_fit_ended():
    X, y = data()
    model = DeltaRuleRegressor(eta=0.01, epochs=50, warm_start=True).fit(X, y)
    first = model.loss_
    model.fit(X, y)
    cold = DeltaRuleRegressor(eta=0.01, epochs=100).fit(X, y)
    assert model.loss_ < first and np.array_equal(model.coef_, cold.coef_)


def test_parts_lead_where_the_whole_does():
    X, y = data(n=2000)
    model = DeltaRuleRegressor()
    for epoch in range(10):
        for part in np.array_split(np.arange(len(y)), 4):
            model.partial_fit(X[part], y[part])
    assert model.score(X, y) > 0.999
    classes = (y > 3).astype(int)
    classifier = DeltaRuleClassifier(loss="log")
    for part in np.array_split(np.arange(len(y)), 4):
        classifier.partial_fit(X[part], classes[part], classes=[0, 1])
    assert classifier.score(X, classes) > 0.97


def test_several_outputs_are_trained_at_once():
    X, y = data()
    both = DeltaRuleRegressor().fit(X, np.column_stack([y, -y]))
    assert both.coef_.shape == (2, 4) and both.predict(X).shape == (200, 2)
    np.testing.assert_allclose(both.coef_[0], -both.coef_[1], atol=1e-5)


def test_text_classes_come_back():
    X, y = data(n=300)
    classes = np.array(["low", "middle", "high"], dtype=object)[np.digitize(y, [0, 6])]
    model = DeltaRuleClassifier(loss="log").fit(X, classes)
    assert list(model.classes_) == ["high", "low", "middle"] and set(model.predict(X)) <= set(model.classes_)
    assert model.predict_proba(X).shape == (300, 3) and model.decision_function(X).shape == (300, 3)
    assert model.score(X, classes) > 0.9


def test_a_weight_is_so_many_equal_records():
    X, y = data(n=60)
    counts = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = DeltaRuleRegressor().fit(X, y, sample_weight=counts)
    repeated = DeltaRuleRegressor().fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-5)


def test_before_fit_there_is_nothing_to_predict_with():
    with pytest.raises(NotFittedError):
        DeltaRuleRegressor().predict([[1.0]])


def test_records_are_held_out_and_watched():
    X, y = data(n=400)
    model = DeltaRuleRegressor(validation_fraction=0.25, early_stopping=5, batch=16).fit(X, y)
    assert len(model.validation_curve_) == len(model.loss_curve_)


def test_a_callback_sees_every_epoch_and_can_end_it():
    X, y = data()
    seen = []

    def look(epoch):
        seen.append(epoch["loss"])
        return epoch["epoch"] == 3

    model = DeltaRuleRegressor(callback=look).fit(X, y)
    assert seen == list(model.loss_curve_) and len(seen) == 4 and model.stop_reason_ == "interrupted"

    def fails(epoch):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        DeltaRuleRegressor(callback=fails).fit(X, y)


@pytest.mark.parametrize("has_tqdm", [True, False])
def test_progress_is_shown_where_it_is_asked_for(capfd, monkeypatch, has_tqdm):
    if not has_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    X, y = data()
    DeltaRuleRegressor(optimizer="gd", eta=1e-3, epochs=300).fit(X, y)
    assert capfd.readouterr() == ("", "")
    seen = []
    DeltaRuleRegressor(optimizer="gd", eta=1e-3, epochs=300, progress=True, callback=lambda epoch: seen.append(epoch["epoch"])).fit(X, y)
    told = capfd.readouterr()
    assert told.out == "" and ("epoch" in told.err) and seen == list(range(301))
