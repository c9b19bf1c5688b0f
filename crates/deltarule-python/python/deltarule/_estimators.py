"""Estimators in scikit-learn's way, over the compiled engine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _check_sample_weight,
    _check_y,
    check_is_fitted,
)

from . import _core, _frames


class _DeltaRule(BaseEstimator):
    """What both estimators share."""

    #: Filled in by the classes below.
    _task: str

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
        self.activation = activation
        self.loss = loss
        self.bias = bias
        self.scale = scale
        self.init = init
        self.eta = eta
        self.optimizer = optimizer
        self.batch = batch
        self.epochs = epochs
        self.tolerance = tolerance
        self.reduction = reduction
        self.l1 = l1
        self.l2 = l2
        self.momentum = momentum
        self.beta1 = beta1
        self.beta2 = beta2
        self.decay = decay
        self.epsilon = epsilon
        self.schedule = schedule
        self.warm_up = warm_up
        self.average = average
        self.missing = missing
        self.categorical = categorical
        self.hash = hash
        self.date = date
        self.interact = interact
        self.poly = poly
        self.min_count = min_count
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.seed = seed
        self.random_state = random_state
        self.warm_start = warm_start
        self.precision = precision
        self.memory = memory
        self.n_jobs = n_jobs
        self.callback = callback
        self.progress = progress

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing != "error"
        return tags

    # Settings

    def _seed(self) -> int:
        """The seed, or what a random_state gives."""
        if self.random_state is None:
            return _whole("seed", self.seed, 0)
        if isinstance(self.random_state, Integral):
            return _whole("random_state", self.random_state, 0)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _threads(self) -> int | None:
        """How many threads; None leaves it to the engine, which takes all where that is worth it."""
        if self.n_jobs is None:
            return None
        n_jobs = int(self.n_jobs)
        if n_jobs == 0:
            raise ValueError("n_jobs: found 0, expected a number from 1 on, or -1 for all processors")
        return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)

    def _settings(self, targets: Sequence[str], features: Sequence[str], **others: Any) -> dict[str, Any]:
        """All settings as the engine takes them."""
        if self.batch == "full":
            batch = None
        else:
            batch = _whole("batch", self.batch, 1, "'full', or ")
        early_stopping = self.early_stopping
        if early_stopping is True:
            early_stopping = 10
        elif early_stopping is False:
            early_stopping = None
        if early_stopping is not None and self.validation_fraction is None:
            raise ValueError(
                "early_stopping: found nothing to look at; add records that are held out, as in validation_fraction=0.25"
            )
        settings = dict(
            targets=list(targets),
            features=list(features),
            drop=[],
            categorical=list(_names("categorical", self.categorical)),
            hash=_pairs("hash", self.hash),
            date=_pairs("date", self.date),
            interact=[tuple(pair) for pair in self.interact],
            poly=[(name, int(power)) for name, power in _items("poly", self.poly)],
            missing=self.missing,
            min_count=_maybe_whole("min_count", self.min_count, 2),
            task=self._task,
            weight=None,
            class_weight=None,
            activation=_maybe_text("activation", self.activation),
            loss=_maybe_text("loss", self.loss),
            bias=bool(self.bias),
            scale=_text("scale", self.scale),
            init=_text("init", self.init),
            seed=self._seed(),
            eta=self.eta if isinstance(self.eta, str) else _number("eta", self.eta),
            reduction=_text("reduction", self.reduction),
            l1=_number("l1", self.l1),
            l2=_number("l2", self.l2),
            optimizer=_maybe_text("optimizer", self.optimizer),
            momentum=_maybe_number("momentum", self.momentum),
            beta1=_maybe_number("beta1", self.beta1),
            beta2=_maybe_number("beta2", self.beta2),
            decay=_maybe_number("decay", self.decay),
            epsilon=_maybe_number("epsilon", self.epsilon),
            schedule=_maybe_text("schedule", self.schedule),
            warm_up=_whole("warm_up", self.warm_up, 0),
            average=_maybe_whole("average", 2 if self.average is True else self.average or None, 1),
            batch=batch,
            epochs=_maybe_whole("epochs", self.epochs, 0),
            tolerance=_number("tolerance", self.tolerance),
            validation_fraction=_maybe_number("validation_fraction", self.validation_fraction),
            split_by=None,
            early_stopping=_maybe_whole("early_stopping", early_stopping, 1),
            precision=_text("precision", self.precision),
            n_jobs=self._threads(),
            memory=_maybe_whole("memory", self.memory, 1),
        )
        settings.update(others)
        return settings

    # Data

    def _frame(self, X: Any, *, reset: bool) -> tuple[_core.Frame, list[str]]:
        """The columns of X and their names; with ``reset`` those are remembered, otherwise compared.

        Raises ValueError or TypeError where X cannot be taken.
        """
        frame = _core.Frame("X")
        if _frames.is_table(X):
            names = _frames.column_names(X)
            if names is None:
                names = _frames.numbered(X.shape[1])
                self._count(X, reset)
            elif len(set(names)) == len(names):
                self._remember(X, names, reset)
            only = None if reset else [name for name in names if name in set(self._model.columns)]
            if not reset and len(only) < len(set(self._model.columns)):
                lacking = [name for name in self._model.columns if name not in set(names)]
                raise ValueError(
                    "X: the feature names should match those that were passed during fit; "
                    f"not found: {', '.join(map(repr, lacking))}; found: {', '.join(map(repr, names))}"
                )
            _frames.add_table(frame, X, only)
            return frame, names
        X = check_array(
            X,
            accept_sparse="csr",
            dtype="numeric",
            ensure_all_finite=False,
            ensure_min_samples=1,
            estimator=self,
            input_name="X",
        )
        self._count(X, reset)
        is_sparse = hasattr(X, "tocsr")
        if not reset and is_sparse != (self._model.sparse_indices is not None):
            # A network of sparse numbers knows them by their indices, the others by names.
            X, is_sparse = (X.toarray(), False) if is_sparse else (csr_matrix(X), True)
        if is_sparse:
            # Nothing is said of what is not stored, so that is looked at here.
            if not np.all(np.isfinite(X.data)):
                raise ValueError("X: found NaN or inf in a sparse matrix, expected finite numbers")
            _frames.add_sparse(frame, X)
            return frame, [_frames.SPARSE]
        names = _frames.numbered(X.shape[1])
        if not reset:
            names = list(getattr(self, "feature_names_in_", names))
        _frames.add_array(frame, names, X)
        return frame, names

    def _count(self, X: Any, reset: bool) -> None:
        """Remembers how many columns there are, none of which has a name, or compares that."""
        _check_n_features(self, X, reset=reset)
        if reset:
            self.__dict__.pop("feature_names_in_", None)
        elif hasattr(self, "feature_names_in_"):
            _check_feature_names(self, X, reset=False)

    def _remember(self, X: Any, names: Sequence[str], reset: bool) -> None:
        """Remembers the names of columns, or compares them."""
        if reset:
            self.n_features_in_ = len(names)
            self.feature_names_in_ = np.asarray(names, dtype=object)
        elif _frames.is_pandas(X) and hasattr(self, "feature_names_in_"):
            _check_feature_names(self, X, reset=False)

    def _rows(self, X: Any) -> _core.Frame:
        """The columns of X for a prediction."""
        check_is_fitted(self, "_model")
        return self._frame(X, reset=False)[0]

    # Training

    @contextmanager
    def _whole_or_not(self):
        """Leaves everything as it was where training does not come to its end."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def fit(self, X, y=None, sample_weight=None, *, target=None, features=None, drop=None):
        """Train the network.

        Parameters
        ----------
        X : array, sparse matrix, table, or path
            The inputs, shape (records, features): a NumPy array (in place where it stands row by row or column by column), a
            matrix of scipy.sparse, a frame of pandas or polars, a table of pyarrow or a relation of DuckDB, whose text
            columns are categories; or paths and patterns of files (CSV, JSON lines, Parquet, Arrow, libsvm's format), which are
            read within ``memory``, for which ``target`` is needed.
        y : array, optional
            The targets, shape (records,) or, for numbers, (records, outputs).
        sample_weight : array, optional
            How often each record counts, from 0 on, shape (records,); with paths the name of a column.
        target : str or list of str, optional
            The columns of X to predict, where there is no y.
        features : list of str, optional
            With paths, the columns to predict from; all others by default.
        drop : list of str, optional
            With paths, columns to leave out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Data or settings that cannot be; the message says what to try.
        DivergedError
            An ``eta`` that was given is too large for this data.
        """
        with self._whole_or_not():
            return self._fit(X, y, sample_weight, target, features, drop)

    def _fit(self, X, y, sample_weight, target, features, drop):
        start = self._model if self.warm_start and hasattr(self, "_model") else None
        if target is not None:
            return self._fit_columns(X, y, sample_weight, target, features, drop, start)
        if _frames.is_paths(X):
            raise ValueError("target: found nothing, expected the name of the column to predict, as in fit('data.csv', target='price')")
        if features is not None or drop is not None:
            raise ValueError("features, drop: found beside y, expected them beside target; choose columns of X itself")
        frame, names = self._frame(X, reset=True)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        taken = set(names)
        targets = self._add_targets(frame, y, taken)
        others = {}
        if sample_weight is not None:
            weight = _free_name("sample_weight", taken)
            values = _check_sample_weight(sample_weight, _Records(frame.n_records), dtype=np.float64)
            frame.add_numbers(weight, np.ascontiguousarray(values))
            others["weight"] = weight
        others.update(self._class_settings())
        settings = self._settings(targets, names, **others)
        return self._train(frame, settings, start)

    def _fit_columns(self, X, y, sample_weight, target, features, drop, start):
        """Trains on columns of a table, or of files."""
        targets = [target] if isinstance(target, str) else list(target)
        if y is not None:
            raise ValueError("target: found beside y, expected one of them")
        if sample_weight is not None and not isinstance(sample_weight, str):
            raise TypeError("sample_weight: found values beside target, expected the name of a column")
        self._single_target = len(targets) == 1
        others = dict(weight=sample_weight, drop=list(_names("drop", drop or ())), **self._class_settings())
        if _frames.is_paths(X):
            settings = self._settings(targets, _names("features", features or ()), **others)
            self._train(_frames.paths_of(X), settings, start)
        else:
            if not _frames.is_table(X):
                raise TypeError("target: found beside X without column names, expected a table with columns, or paths")
            names = _frames.column_names(X) or []
            for name in targets:
                if name not in names:
                    raise ValueError(f"target: found {name!r}, expected one of the columns: {', '.join(names)}")
            left_out = {*targets, *others["drop"], sample_weight}
            chosen = list(features) if features else [name for name in names if name not in left_out]
            frame = _core.Frame("X")
            _frames.add_table(frame, X)
            others["drop"] = []
            self._train(frame, self._settings(targets, chosen, **others), start)
        self.feature_names_in_ = np.asarray(self._model.columns, dtype=object)
        self.n_features_in_ = len(self._model.columns)
        self._take_classes(self._model)
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """Go on from the weights that are there with one pass over further records.

        The first call decides the units, the levels of categories and, with the defaults, everything else that :meth:`fit` finds in
        its data; later calls take new levels for none. Each call is one epoch, one record a step unless ``batch`` says
        otherwise, with η from its own records.

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).
        y : array
            The targets.
        sample_weight : array, optional
            How often each record counts.

        Returns
        -------
        self
        """
        with self._whole_or_not():
            return self._partial_fit(X, y, sample_weight)

    def _partial_fit(self, X, y, sample_weight):
        overrides = {"epochs": 1, "validation_fraction": None, "early_stopping": None, "average": None}
        if self.batch == "full":
            overrides["batch"] = 1
        if not hasattr(self, "_model"):
            frame, names = self._frame(X, reset=True)
            if y is None:
                raise ValueError(
                    f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
                )
            taken = set(names)
            targets = self._add_targets(frame, y, taken)
            others = {**self._class_settings(), **overrides}
            if sample_weight is not None:
                weight = _free_name("sample_weight", taken)
                values = _check_sample_weight(sample_weight, _Records(frame.n_records), dtype=np.float64)
                frame.add_numbers(weight, np.ascontiguousarray(values))
                others["weight"] = weight
            self._train(frame, self._settings(targets, names, **others), None)
            return self
        frame, _ = self._frame(X, reset=False)
        numbers, classes = self._further_targets(y, frame.n_records)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, _Records(frame.n_records), dtype=np.float64)
        weights = self._with_class_weights(weights, y, frame.n_records)
        settings = self._settings([], [], **overrides)
        model = _core.train_further(
            self._model,
            frame,
            settings,
            numbers=numbers,
            classes=classes,
            weights=None if weights is None else weights.tolist(),
        )
        self._take_model(model)
        training = model.training()
        self.n_iter_ = int(training["epochs"])
        self.loss_ = float(training["loss_sum"])
        self.loss_curve_ = np.append(self.loss_curve_, self.loss_)
        self.stop_reason_ = training["stop_reason"]
        return self

    def _with_class_weights(self, weights, y, n):
        return weights

    def _further_targets(self, y, n: int) -> tuple[list[list[float]], list[int]]:
        raise NotImplementedError

    def _train(self, source, settings, start):
        callback = self.callback
        bar = None
        if self.progress:
            bar = _Progress(settings["epochs"])
            callback = bar.beside(self.callback)
        try:
            descent = _core.train(source, settings, start=start, callback=callback)
        finally:
            if bar is not None:
                bar.close()
        self._take(descent)
        return self

    def _take(self, descent: _core.Descent) -> None:
        """Takes what a descent gave as attributes."""
        self._take_model(descent.model)
        self.n_iter_ = int(descent.n_epochs)
        self.best_iter_ = int(descent.best_epoch)
        self.loss_curve_ = np.asarray(descent.loss_curve)
        self.validation_curve_ = np.asarray(descent.held_out_curve) if descent.held_out_curve else None
        self.eta_curve_ = np.asarray(descent.eta_curve)
        self.loss_ = float(descent.loss)
        self.baseline_loss_ = float(descent.baseline_loss)
        self.stop_reason_ = descent.reason
        self.stop_text_ = descent.reason_text
        self.learning_rate_ = float(descent.eta)
        self.guaranteed_eta_ = descent.guaranteed_eta
        self.optimizer_ = descent.optimizer
        self.notes_ = list(descent.notes)
        for warning in descent.warnings:
            warnings.warn(warning, UserWarning, stacklevel=4)
        if descent.used_up and self.batch == "full" and self.epochs is None:
            warnings.warn(descent.reason_text, ConvergenceWarning, stacklevel=4)

    def _take_model(self, model: _core.Model) -> None:
        """Takes a model's weights, in the units of the columns, as attributes."""
        self._model = model
        weights, biases = model.weights()
        places = model.sparse_indices
        if places is not None:
            wide = np.zeros((len(weights), getattr(self, "n_features_in_", max(places, default=-1) + 1)))
            wide[:, places] = weights
            weights = wide
        self.input_names_ = model.input_names
        self._shape_weights(weights, biases)

    def _shape_weights(self, weights: np.ndarray, biases: np.ndarray) -> None:
        raise NotImplementedError

    def _class_settings(self) -> dict[str, Any]:
        return {}

    def _take_classes(self, model: _core.Model) -> None:
        pass

    def _add_targets(self, frame: _core.Frame, y: Any, taken: set[str]) -> list[str]:
        raise NotImplementedError

    # Looking closer

    def explain(self, x, y, *, eta=None):
        """Work out one step of the delta rule on one record, every number of it, from the weights of this network.

        Parameters
        ----------
        x : array of shape (features,), or a table of one record
            The inputs.
        y : number, class, or array of shape (outputs,)
            The target.
        eta : float, optional
            The learning rate; that of the training by default.

        Returns
        -------
        Explanation
            It prints as ``deltarule explain`` does, and has the numbers under their names.
        """
        from ._insight import Explanation

        check_is_fitted(self, "_model")
        if not _frames.is_table(x) and not hasattr(x, "tocsr"):
            x = np.asarray(x)
            x = x.reshape(1, -1) if x.ndim == 1 else x
        if hasattr(x, "tocsr"):
            raise ValueError("x: found a sparse matrix, expected the inputs of one record, as in x.toarray()[0]")
        if len(x) != 1:
            raise ValueError(f"x: found {len(x)} records, expected one, as in X[:1]")
        frame = self._rows(x)
        numbers, classes = self._further_targets(self._one_target(y), 1)
        eta = None if eta is None else _number("eta", eta)
        return Explanation(_core.explain(self._model, frame, numbers=numbers, classes=classes, eta=eta))

    def _one_target(self, y):
        y = np.asarray(y)
        return y.reshape(1, -1) if len(self._model.output_names) > 1 and self._task == "regression" else y.reshape(1)

    def _source(self, X, y, sample_weight=None):
        """The columns of X and y, and what is chosen of them."""
        frame, names = self._frame(X, reset=True)
        taken = set(names)
        return frame, self._add_targets(frame, y, taken), names

    def check_gradient(self, X, y):
        """Compare the gradient of the delta rule with finite differences, at random weights.

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).
        y : array
            The targets.

        Returns
        -------
        GradientCheck
            Its ``passes`` says whether they agree; it is true where they do.
        """
        from ._insight import GradientCheck

        estimator = clone(self)
        frame, targets, names = estimator._source(X, y)
        settings = estimator._settings(targets, names, **estimator._class_settings())
        return GradientCheck(*_core.check(frame, settings))

    def sweep(self, X, y, *, eta=("auto",), l2=None, l1=None, seeds=None, optimizer=None):
        """Train with many learning rates, penalties, seeds or optimizers at once, in the same passes over the data.

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).
        y : array
            The targets.
        eta : list
            Learning rates: numbers, or 'auto'.
        l2, l1 : list, optional
            Penalties.
        seeds : list, optional
            Seeds of the start and of the records' order.
        optimizer : list, optional
            Rules of descent.

        Returns
        -------
        Sweep
            The runs, and the best of them. Each is, to the last bit, what :meth:`fit` gives alone.
        """
        from itertools import product

        from ._insight import Sweep

        estimator = clone(self)
        frame, targets, names = estimator._source(X, y)
        others = estimator._class_settings()
        runs, settings, estimators = [], [], []
        choices = product(
            optimizer or [self.optimizer], seeds or [self._seed()], l2 or [self.l2], l1 or [self.l1], _listed(eta)
        )
        for rule, seed, ridge, lasso, rate in choices:
            given = dict(optimizer=rule, seed=seed, l2=ridge, l1=lasso, eta=rate, random_state=None)
            estimators.append(clone(self).set_params(**given))
            settings.append(estimators[-1]._settings(targets, names, **others))
        descents = _core.sweep(frame, settings)
        for chosen, descent in zip(estimators, descents):
            runs.append(
                dict(
                    eta=descent.eta,
                    l2=chosen.l2,
                    l1=chosen.l1,
                    seed=chosen.seed,
                    optimizer=descent.optimizer,
                    loss=descent.loss,
                    held_out_loss=descent.held_out_loss,
                    n_epochs=descent.n_epochs,
                    stop_reason=descent.reason,
                    loss_curve=np.asarray(descent.loss_curve),
                )
            )
        sound = [k for k, descent in enumerate(descents) if not descent.failed]
        judged = [run["loss"] if run["held_out_loss"] is None else run["held_out_loss"] for run in runs]
        best = min(sound, key=judged.__getitem__, default=None)
        best_estimator = None
        if best is not None:
            best_estimator = estimators[best]
            for name in ("n_features_in_", "feature_names_in_", "_single_target"):
                if hasattr(estimator, name):
                    setattr(best_estimator, name, getattr(estimator, name))
            if hasattr(estimator, "_fitting_classes"):
                best_estimator.classes_ = estimator._fitting_classes
            best_estimator._take(descents[best])
        return Sweep(runs, best, best_estimator)

    def equation(self, most: int = 12) -> str:
        """The network as an equation, in the units of the columns.

        Parameters
        ----------
        most : int
            At most so many terms of each output are written out, the largest ones.

        Returns
        -------
        str
            A line for each output.
        """
        from ._insight import short

        check_is_fitted(self, "_model")
        weights, biases = self._model.weights()
        lines = []
        for name, row, bias in zip(self._model.output_names, weights, biases):
            order = np.argsort(-np.abs(self._model.scaled_weights()[0][len(lines)]), kind="stable")[:most]
            terms = [
                f"{'-' if row[k] < 0 else '+'} {short(abs(row[k]))} {self.input_names_[k]}" for k in sorted(order)
            ]
            more = f" + {len(row) - most} more" if len(row) > most else ""
            lines.append(f"h({name}) = {short(bias)} {' '.join(terms)}{more}")
        return "\n".join([*lines, f"ŷ = f(h), f = {self._model.activation}"])

    def _repr_html_inner(self) -> str:
        """What a notebook shows: scikit-learn's box, and once it is fitted the equation and the curve of E."""
        from html import escape

        from ._insight import curve_svg

        shown = super()._repr_html_inner()
        if hasattr(self, "_model"):
            shown += f"<pre>{escape(self.equation())}</pre>"
            if hasattr(self, "loss_curve_"):
                shown += curve_svg(self.loss_curve_)
            if hasattr(self, "stop_text_"):
                shown += f"<div>{escape(f'{self.n_iter_} epochs: {self.stop_text_}')}</div>"
        return shown

    # Files

    def to_onnx(self) -> bytes:
        """The model as ONNX: IR version 8, operator set 17.

        Its inputs are the columns by their names, numbers as f64 and texts as strings of shape (records, 1), and scaling, levels
        and what becomes of missing values are in it. Predictions agree with :meth:`predict` to 1e-12.

        Returns
        -------
        bytes
            What a file of the model holds.

        Raises
        ------
        ValueError
            What ONNX cannot express, such as hashed columns.
        """
        check_is_fitted(self, "_model")
        return self._model.export("onnx")

    def save(self, path) -> None:
        """Write the model as the command's file: ``deltarule predict`` and ``show`` read it.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        """
        check_is_fitted(self, "_model")
        folder, name = os.path.split(os.path.abspath(os.fspath(path)))
        temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(self._model.to_json())
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.remove(temporary)
            raise

    @classmethod
    def load(cls, path):
        """Read a model that :meth:`save` or ``deltarule train --out`` wrote.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        An estimator that predicts what the model does. Parameters that say how to train have their defaults.
        """
        with open(path, "rb") as file:
            model = _core.Model.from_json(file.read())
        is_of_classes = model.classes is not None
        if is_of_classes != (cls._task == "classification"):
            other = "DeltaRuleClassifier" if is_of_classes else "DeltaRuleRegressor"
            raise ValueError(f"{os.fspath(path)}: found a model of {'classes' if is_of_classes else 'numbers'}, expected the other; try {other}.load")
        estimator = cls(activation=model.activation)
        columns = model.columns
        places = model.sparse_indices
        if places is None:
            estimator.feature_names_in_ = np.asarray(columns, dtype=object)
            estimator.n_features_in_ = len(columns)
        else:
            estimator.n_features_in_ = max(places, default=-1) + 1
        estimator._single_target = len(model.targets) == 1
        estimator._take_model(model)
        estimator._take_classes(model)
        training = model.training()
        estimator.n_iter_ = int(training["epochs"])
        estimator.stop_reason_ = training["stop_reason"]
        estimator.learning_rate_ = training["eta"]
        estimator.loss_ = training["loss_sum"]
        estimator.baseline_loss_ = training["baseline_loss_sum"]
        return estimator


class DeltaRuleRegressor(RegressorMixin, _DeltaRule):
    """A single-layer network for numbers, ŷ = f(Σ w·x + b), trained by the delta rule."""

    _task = "regression"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _add_targets(self, frame, y, taken):
        name = getattr(y, "name", None)
        y = np.asarray(_check_y(y, multi_output=True, y_numeric=True, estimator=self), dtype=np.float64)
        check_consistent_length(_Records(frame.n_records), y)
        self._single_target = y.ndim == 1
        columns = y.reshape(len(y), -1)
        names = []
        for index in range(columns.shape[1]):
            base = name if isinstance(name, str) else "y"
            names.append(_free_name(base if self._single_target else f"{base}{index}", taken))
            frame.add_numbers(names[-1], np.ascontiguousarray(columns[:, index]))
        return names

    def _further_targets(self, y, n):
        y = np.asarray(_check_y(y, multi_output=True, y_numeric=True, estimator=self), dtype=np.float64)
        check_consistent_length(_Records(n), y)
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
        X : array, sparse matrix or table
            The inputs, shape (records, features).

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

    def net_input(self, X):
        """The net inputs h = Σ w·x + b, of which the predictions are f(h).

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).

        Returns
        -------
        array of shape (records,) or (records, outputs)
        """
        net_inputs = self._rows_model(X, "net_inputs")
        return net_inputs[:, 0] if self._single_target else net_inputs


class DeltaRuleClassifier(ClassifierMixin, _DeltaRule):
    """A single-layer network for classes, trained by the delta rule."""

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
        given = [(_class_name(name), float(value)) for name, value in weight.items()]
        if classes is not None:
            known = {_class_name(name) for name in classes}
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
        y = column_or_1d(y)
        _check_y(y, multi_output=False, y_numeric=False, estimator=self)
        check_consistent_length(_Records(frame.n_records), y)
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y: found one class only, {classes[0]!r}, expected at least two classes")
        self._fitting_classes = classes
        target = _free_name(name if isinstance(name, str) else "y", taken)
        _add_classes(frame, target, y, classes, codes)
        self._single_target = True
        return [target]

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
                lacking = np.setdiff1d(classes, np.unique(column_or_1d(y)))
                if len(lacking):
                    raise ValueError(
                        f"y: found no record of class {lacking[0]!r} in the first call, expected at least one of each class; "
                        "begin with more records"
                    )
        with self._whole_or_not():
            is_first = not hasattr(self, "_model")
            self._partial_fit(X, y, sample_weight)
            if is_first:
                self.classes_ = self.__dict__.pop("_fitting_classes")
        return self

    def _further_targets(self, y, n):
        y = column_or_1d(y)
        check_consistent_length(_Records(n), y)
        codes = self._codes(y)
        if len(self.classes_) == 2:
            low, high = self._model.class_targets
            return [np.where(codes == 1, high, low).tolist()], []
        return [], codes.tolist()

    def _codes(self, y):
        unknown = np.setdiff1d(np.unique(y), self.classes_)
        if len(unknown):
            raise ValueError(f"y: found the class {unknown[0]!r}, expected one of {self.classes_.tolist()}")
        return np.searchsorted(self.classes_, y)

    def _with_class_weights(self, weights, y, n):
        if self.class_weight is None:
            return weights
        if isinstance(self.class_weight, str):
            raise ValueError("class_weight: found 'balanced' in partial_fit, where not all records are known; expected a dict of numbers")
        given = {_class_name(name): float(value) for name, value in self.class_weight.items()}
        of_class = np.array([given.get(_class_name(one), 1.0) for one in self.classes_])[self._codes(column_or_1d(y))]
        return of_class if weights is None else weights * of_class

    def _shape_weights(self, weights, biases):
        self.coef_, self.intercept_ = weights, biases

    def _take_classes(self, model):
        self.classes_ = _classes_of(model.classes)

    def predict(self, X):
        """Predict classes: the most probable of each record.

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).

        Returns
        -------
        array of shape (records,)
        """
        frame = self._rows(X)
        return self.classes_[self._model.classes_of(frame)]

    def predict_proba(self, X):
        """The probability of each class.

        Parameters
        ----------
        X : array, sparse matrix or table
            The inputs, shape (records, features).

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
        X : array, sparse matrix or table
            The inputs, shape (records, features).

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
_BASE_PARAMETERS = tuple(name for name in _DeltaRule._get_param_names())


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
    with open(path, "rb") as file:
        model = _core.Model.from_json(file.read())
    cls = DeltaRuleRegressor if model.classes is None else DeltaRuleClassifier
    return cls.load(path)


class _Records:
    """Stands for so many records where only their number is looked at."""

    def __init__(self, n: int):
        self.shape = (n, 1)

    def __len__(self) -> int:
        return self.shape[0]


def _free_name(name: str, taken: set[str]) -> str:
    """A name that no column has, and none will have."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free)
    return free


def _class_name(value: Any) -> str:
    """A class as the engine calls it: numbers without digits that say nothing."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (Real, np.number)):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def _add_classes(frame: _core.Frame, name: str, y: np.ndarray, classes: np.ndarray, codes: np.ndarray) -> None:
    """Takes classes as the engine would find them in a file: numbers in their order, texts by their bytes."""
    if classes.dtype.kind in "biuf":
        _frames.add_numbers(frame, name, y if classes.dtype.kind == "b" else y.astype(np.float64))
    else:
        frame.add_classes(name, codes.astype(np.int32), [str(one) for one in classes])


def _classes_of(names: Sequence[str]) -> np.ndarray:
    """Classes by their names in a model: numbers where all are, truth values, or texts."""
    if [name.lower() for name in names] == ["false", "true"]:
        return np.array([False, True])
    try:
        numbers = np.array([float(name) for name in names])
    except ValueError:
        return np.asarray(names, dtype=object)
    return numbers.astype(np.int64) if np.all(numbers == np.floor(numbers)) else numbers


def _wrong(setting: str, found: Any, expected: str) -> Exception:
    kind = ValueError if isinstance(found, (str, Real)) else TypeError
    return kind(f"{setting}: found {found!r}, expected {expected}")


def _whole(setting: str, value: Any, least: int, others: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise _wrong(setting, value, f"{others}a whole number from {least} on")
    return int(value)


def _maybe_whole(setting: str, value: Any, least: int) -> int | None:
    return None if value is None else _whole(setting, value, least, "None, or ")


def _number(setting: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise _wrong(setting, value, "a number")
    return float(value)


def _maybe_number(setting: str, value: Any) -> float | None:
    return None if value is None else _number(setting, value)


def _text(setting: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{setting}: found {value!r}, expected a text")
    return value


def _maybe_text(setting: str, value: Any) -> str | None:
    return None if value is None else _text(setting, value)


def _names(setting: str, value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else list(value)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{setting}: found {name!r}, expected names of columns")
    return names


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, (str, Real)) else list(value)


def _items(setting: str, value: Any) -> list[tuple[str, Any]]:
    if hasattr(value, "items"):
        return list(value.items())
    items = list(value)
    if any(isinstance(item, str) or len(item) != 2 for item in items):
        raise TypeError(f"{setting}: found {value!r}, expected a dict of columns, as in {{'hour': 3}}")
    return [(name, given) for name, given in items]


def _pairs(setting: str, value: Any) -> list[tuple[str, Any]]:
    """Columns with a setting of their own, or without."""
    if isinstance(value, str) or (not hasattr(value, "items") and all(isinstance(one, str) for one in value)):
        return [(name, None) for name in _names(setting, value)]
    return _items(setting, value)


class _Progress:
    """A line on standard error that says how far a descent is, as tqdm does; tqdm itself where it is installed."""

    def __init__(self, epochs: int | None):
        try:
            from tqdm.auto import tqdm
        except ImportError:
            tqdm = None
        self._bar = tqdm(total=epochs, unit="epoch") if tqdm is not None else None
        self._last = 0.0
        self._shown = 0

    def beside(self, callback: Callable[[dict[str, Any]], Any] | None) -> Callable[[dict[str, Any]], Any]:
        def look(epoch: dict[str, Any]) -> Any:
            self.show(epoch)
            return None if callback is None else callback(epoch)

        return look

    def show(self, epoch: dict[str, Any]) -> None:
        import sys
        import time

        now = time.monotonic()
        if now - self._last < 0.1:
            return
        self._last = now
        if self._bar is not None:
            self._bar.update(epoch["epoch"] - self._bar.n)
            self._bar.set_postfix(E=f"{epoch['loss']:.6g}", refresh=False)
            return
        text = f"epoch {epoch['epoch']}  E = {epoch['loss']:.6g}  correlation {epoch['correlation']:.1e}"
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)

    def close(self) -> None:
        import sys

        if self._bar is not None:
            self._bar.close()
        elif self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
