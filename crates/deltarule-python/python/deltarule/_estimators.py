"""Estimators in scikit-learn's way, over the compiled engine."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y

from . import _core, _frames
from ._base import DeltaRule
from ._classes import add_classes, class_name, classes_of, known_classes
from ._documents import documented
from ._models import read_model
from ._records import Counted, check_all_there, free_name


@documented
class DeltaRuleRegressor(RegressorMixin, DeltaRule):
    """A single-layer network for numbers, ŷ = f(Σ w·x + b), trained by the delta rule.

    With the defaults there is nothing to tune: η, acceleration, scaling and the reason to stop come from the records. The network,
    and its bits, are those that ``deltarule train`` gives for the same records and settings.

    Examples
    --------
    >>> import numpy as np
    >>> from deltarule import DeltaRuleRegressor
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), np.array([2.0, 5.0, 9.0, 11.0])
    >>> model = DeltaRuleRegressor().fit(X, y)
    >>> model.coef_.round(6), round(model.intercept_, 6), model.stop_reason_
    (array([3. , 0.5]), 1.75, 'minimum')
    >>> model.predict([[4.0, 0.0]]).round(6)
    array([13.75])
    """

    _task = "regression"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _add_targets(self, frame, y, taken):
        name = getattr(y, "name", None)
        y = self._numbers(y)
        check_consistent_length(Counted(frame.n_records), y)
        self._single_target = y.ndim == 1
        columns = y.reshape(len(y), -1)
        names = []
        for index in range(columns.shape[1]):
            base = name if isinstance(name, str) else "y"
            names.append(free_name(base if self._single_target else f"{base}{index}", taken))
            frame.add_numbers(names[-1], np.ascontiguousarray(columns[:, index]))
        return names

    def _numbers(self, y):
        """The targets as f64.

        Raises ValueError or TypeError where some are no finite numbers.
        """
        _frames.check_no_dates("y", y)
        check_all_there(y, "a number")
        try:
            y = _check_y(y, multi_output=True, y_numeric=True, estimator=self)
            _frames.check_no_dates("y", y)
            return np.asarray(y, dtype=np.float64)
        except OverflowError:
            raise ValueError("y: found a whole number beyond f64, expected numbers within ±1.8e308") from None
        except ValueError as error:
            if "could not convert string" not in str(error):
                raise
            found = str(error).split("float: ")[-1].removeprefix("np.str_(").removesuffix(")")
            raise ValueError(f"y: found the text {found}, expected numbers; for classes there is DeltaRuleClassifier") from None

    def _further_targets(self, y, n):
        y = self._numbers(y)
        check_consistent_length(Counted(n), y)
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != len(self._model.output_names):
            raise ValueError(f"y: found {columns.shape[1]} outputs, expected {len(self._model.output_names)} as in the first call")
        return columns.T.tolist(), []

    def _shape_weights(self, weights, biases):
        if self._single_target:
            self.coef_, self.intercept_ = weights[0], float(biases[0])
        else:
            self.coef_, self.intercept_ = weights, biases

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time.

        Returns
        -------
        array of shape (records,) or (records, outputs)
            ŷ = f(h).
        """
        outputs = self._model_outputs(X)
        return outputs[:, 0] if self._single_target else outputs

    def _model_outputs(self, X):
        return self._rows_model(X, "outputs")

    def _rows_model(self, X, method):
        frame = self._rows(X)
        return getattr(self._model, method)(frame)

    def score(self, X, y=None, sample_weight=None):
        """R²: how much of the variance of the targets the predictions explain.

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time, with the
            targets in their columns.
        y : array, optional
            The targets; with paths there are none.
        sample_weight : array or str, optional
            How often each record counts; with paths the name of a column.

        Returns
        -------
        float
            1 − Σ(y − ŷ)²/Σ(y − mean)²; of several outputs the mean.
        """
        if not _frames.is_paths(X):
            self._check_targets(y)
            return super().score(X, y, sample_weight)
        from sklearn.metrics import r2_score

        truths, predicted, weights = self._compared(X, y, sample_weight)
        return float(r2_score(truths, predicted, sample_weight=weights))

    def net_input(self, X):
        """The net inputs h = Σ w·x + b, of which the predictions are f(h).

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time.

        Returns
        -------
        array of shape (records,) or (records, outputs)
        """
        net_inputs = self._rows_model(X, "net_inputs")
        return net_inputs[:, 0] if self._single_target else net_inputs


@documented
class DeltaRuleClassifier(ClassifierMixin, DeltaRule):
    """A single-layer network for classes, trained by the delta rule.

    Two classes have one output ŷ = f(Σ w·x + b), near its high end for the second class; more have one output each. The network, and its
    bits, are those that ``deltarule train`` gives for the same records and settings.

    Examples
    --------
    >>> import numpy as np
    >>> from deltarule import DeltaRuleClassifier
    >>> hours, passed = np.array([[0.5], [1.0], [1.5], [2.5], [2.0], [3.0], [3.5], [4.0]]), ["no"] * 4 + ["yes"] * 4
    >>> model = DeltaRuleClassifier(loss="log", l2=0.01).fit(hours, passed)
    >>> model.predict([[1.0], [3.0]]).tolist()
    ['no', 'yes']
    >>> model.predict_proba([[2.25]]).round(3)
    array([[0.5, 0.5]])
    """

    _task = "classification"

    def __init__(
        self,
        *,
        activation=None,
        loss=None,
        bias=True,
        scale="standard",
        init="auto",
        eta="auto",
        optimizer=None,
        batch="full",
        epochs=None,
        tolerance=1e-7,
        reduction="mean",
        l1=0.0,
        l2=0.0,
        momentum=None,
        beta1=None,
        beta2=None,
        decay=None,
        epsilon=None,
        schedule=None,
        warm_up=0,
        average=None,
        missing="error",
        categorical=(),
        hash=(),
        date=(),
        interact=(),
        poly=(),
        min_count=None,
        class_weight=None,
        validation_fraction=None,
        early_stopping=None,
        seed=0,
        random_state=None,
        warm_start=False,
        precision="f64",
        memory=None,
        n_jobs=None,
        callback=None,
        progress=False,
    ):
        given = locals()
        super().__init__(**{name: given[name] for name in _BASE_PARAMETERS})
        self.class_weight = class_weight

    def _class_settings(self):
        weight = self.class_weight
        if weight is None or isinstance(weight, str):
            return {"class_weight": weight}
        if not hasattr(weight, "items"):
            raise ValueError(f"class_weight: found {weight!r}, expected 'balanced', or a dict of classes and numbers above 0")
        classes = getattr(self, "_fitting_classes", None)
        given = [(class_name(name), float(value)) for name, value in weight.items()]
        if classes is not None:
            known = {class_name(name) for name in classes}
            unknown = [name for name, _ in given if name not in known]
            if unknown:
                raise ValueError(f"class_weight: found {unknown[0]!r}, expected one of the classes: {', '.join(sorted(known))}")
        return {"class_weight": given}

    def _add_targets(self, frame, y, taken):
        name = getattr(y, "name", None)
        if getattr(y, "ndim", 1) == 2 and getattr(y, "shape", (0, 0))[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,), "
                "for example using ravel().",
                DataConversionWarning,
                stacklevel=4,
            )
        y = self._known_classes(y)
        _check_y(y, multi_output=False, y_numeric=False, estimator=self)
        check_consistent_length(Counted(frame.n_records), y)
        check_classification_targets(y)
        classes, codes = known_classes(y)
        if len(classes) < 2:
            raise ValueError(f"y: found one class only, {classes.tolist()[0]!r}, expected at least two classes")
        self._fitting_classes = classes
        target = free_name(name if isinstance(name, str) else "y", taken)
        add_classes(frame, target, y, classes, codes)
        self._single_target = True
        return [target]

    def _known_classes(self, y):
        """The classes of records.

        Raises ValueError where a record has none; TypeError for dates, and for classes of several types, which have no order.
        """
        _frames.check_no_dates("y", y)
        check_all_there(y, "a class")
        y = column_or_1d(y)
        if y.dtype == object:
            try:
                sorted(set(y.tolist()))
            except TypeError:
                kinds = sorted({type(one).__name__ for one in y})
                raise TypeError(f"y: found classes of the types {', '.join(kinds)}, expected one type; try y.astype(str)") from None
        return y

    def _fit(self, X, y, sample_weight, target, features, drop):
        super()._fit(X, y, sample_weight, target, features, drop)
        if target is None:
            self.classes_ = self.__dict__.pop("_fitting_classes")
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go on from the weights that are there with one pass over further records.

        The first call decides the units, the levels of categories and the classes; later calls take new levels for none. Each
        call is one epoch, one record a step unless ``batch`` says otherwise, with η from its own records.

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).
        y : array
            The classes of the records.
        classes : array, optional
            All classes there will be, for the first call, whose records must have each of them.
        sample_weight : array, optional
            How often each record counts.

        Returns
        -------
        self
        """
        if classes is not None:
            classes = np.unique(classes)
            if hasattr(self, "_model"):
                if not np.array_equal(classes, self.classes_):
                    raise ValueError(f"classes: found {classes.tolist()}, expected those of the first call, {self.classes_.tolist()}")
            elif y is not None:
                lacking = np.setdiff1d(classes, known_classes(self._known_classes(y))[0])
                if len(lacking):
                    raise ValueError(
                        f"y: found no record of class {lacking.tolist()[0]!r} in the first call, expected at least one of each class; "
                        "begin with more records"
                    )
        with self._whole_or_not():
            is_first = not hasattr(self, "_model")
            self._partial_fit(X, y, sample_weight)
            if is_first:
                self.classes_ = self.__dict__.pop("_fitting_classes")
        return self

    def _further_targets(self, y, n):
        y = self._known_classes(y)
        check_consistent_length(Counted(n), y)
        codes = self._codes(y)
        if len(self.classes_) == 2:
            low, high = self._model.class_targets
            return [np.where(codes == 1, high, low).tolist()], []
        return [], codes.tolist()

    def _codes(self, y):
        classes, codes = known_classes(y)
        unknown = np.setdiff1d(classes, self.classes_)
        if len(unknown):
            raise ValueError(f"y: found the class {unknown.tolist()[0]!r}, expected one of {self.classes_.tolist()}")
        return np.searchsorted(self.classes_, classes)[codes]

    def _with_class_weights(self, weights, y, n):
        if self.class_weight is None:
            return weights
        if isinstance(self.class_weight, str):
            raise ValueError("class_weight: found 'balanced' in partial_fit, where not all records are known; expected a dict of numbers")
        given = {class_name(name): float(value) for name, value in self.class_weight.items()}
        of_class = np.array([given.get(class_name(one), 1.0) for one in self.classes_])[self._codes(column_or_1d(y))]
        return of_class if weights is None else weights * of_class

    def _shape_weights(self, weights, biases):
        self.coef_, self.intercept_ = weights, biases

    def _take_classes(self, model):
        self.classes_ = classes_of(model.classes, model.class_type)

    def predict(self, X):
        """Predict classes: the most probable of each record.

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time.

        Returns
        -------
        array of shape (records,)
        """
        frame = self._rows(X)
        return self.classes_[self._model.classes_of(frame)]

    def score(self, X, y=None, sample_weight=None):
        """The share of the records whose class is predicted.

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time, with the
            targets in their columns.
        y : array, optional
            The targets; with paths there are none.
        sample_weight : array or str, optional
            How often each record counts; with paths the name of a column.

        Returns
        -------
        float
            From 0 to 1.
        """
        if not _frames.is_paths(X):
            self._check_targets(y)
            return super().score(X, y, sample_weight)
        from sklearn.metrics import accuracy_score

        truths, predicted, weights = self._compared(X, y, sample_weight)
        return float(accuracy_score(truths, predicted, sample_weight=weights))

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time.

        Returns
        -------
        array of shape (records, classes)
            In the order of ``classes_``; each row sums to 1.
        """
        frame = self._rows(X)
        return self._model.probabilities(frame)

    def decision_function(self, X):
        """How much speaks for each class; for two classes one number, above 0 for the second.

        With sigmoid, tanh and softmax it is the net input h, otherwise the output ŷ less the middle of the two targets.

        Parameters
        ----------
        X : array, sparse matrix, table or path
            The inputs, shape (records, features); or paths and patterns of files, which are read a few thousand records at a time.

        Returns
        -------
        array of shape (records,) for two classes, otherwise (records, classes)
        """
        frame = self._rows(X)
        if self._model.activation in ("sigmoid", "tanh", "softmax"):
            values = self._model.net_inputs(frame)
        else:
            low, high = self._model.class_targets
            values = self._model.outputs(frame) - (low + high) / 2
        return values[:, 0] if values.shape[1] == 1 else values


#: The parameters of both.
_BASE_PARAMETERS = tuple(name for name in DeltaRule._get_param_names())


def load(path):
    """Read a model of any kind that :meth:`save` or ``deltarule train --out`` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    DeltaRuleRegressor or DeltaRuleClassifier
    """
    model = read_model(path)
    cls = DeltaRuleRegressor if model.classes is None else DeltaRuleClassifier
    return cls.load(path)
