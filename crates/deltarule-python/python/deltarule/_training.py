"""From records to a trained network, and what an estimator knows afterwards."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight

from . import _core, _frames
from ._progress import Progress
from ._records import Counted, free_name
from ._settings import names_in


class Training:
    """The part of an estimator that trains."""

    _model: _core.Model

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
            weight = free_name("sample_weight", taken)
            values = _check_sample_weight(sample_weight, Counted(frame.n_records), dtype=np.float64)
            frame.add_numbers(weight, np.ascontiguousarray(values))
            others["weight"] = weight
        others.update(self._class_settings())
        self._train(frame, self._settings(targets, names, **others), start)
        return self

    def _fit_columns(self, X, y, sample_weight, target, features, drop, start):
        """Trains on columns of a table, or of files."""
        targets = names_in("target", target)
        if y is not None:
            raise ValueError("target: found beside y, expected one of them")
        if sample_weight is not None and not isinstance(sample_weight, str):
            raise TypeError("sample_weight: found values beside target, expected the name of a column")
        self._single_target = len(targets) == 1
        features = names_in("features", () if features is None else features)
        drop = names_in("drop", () if drop is None else drop)
        taken = {**dict.fromkeys(targets, "the target"), **({} if sample_weight is None else {sample_weight: "the column of weights"})}
        for setting, given in [("features", features), ("drop", drop)]:
            for name in given:
                if name in taken:
                    raise ValueError(f"{setting}: found {taken[name]} {name!r}, expected other columns")
        if features:
            features = [name for name in features if name not in drop]
            if not features:
                raise ValueError("features: found no column that is not in drop, expected at least one")
        others = dict(weight=sample_weight, drop=drop, **self._class_settings())
        if _frames.is_paths(X):
            # How many there are is known from the model.
            self.__dict__.pop("n_features_in_", None)
            settings = self._settings(targets, features, **others)
            self._train(_frames.paths_of(X), settings, start)
        else:
            if not _frames.is_table(X):
                raise TypeError("target: found beside X without column names, expected a table with columns, or paths")
            names = _frames.column_names(X) or []
            _frames.check_different(names)
            named = [("target", targets), ("features", features), ("drop", drop)]
            for setting, given in [*named, ("sample_weight", [] if sample_weight is None else [sample_weight])]:
                for name in given:
                    if name not in names:
                        raise ValueError(f"{setting}: found {name!r}, expected one of the columns: {', '.join(names)}")
            chosen = [name for name in features or names if name not in taken and name not in drop]
            if not chosen:
                raise ValueError("X: found no column that is left to predict from, expected at least one beside target and drop")
            frame = _core.Frame("X")
            _frames.add_table(frame, X, names, targets=targets)
            others["drop"] = []
            self._train(frame, self._settings(targets, chosen, **others), start)
        self._take_columns()
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
        descent = self._pass_over(X, y, sample_weight)
        if descent.used_up:
            self.stop_text_ = "one pass was made, as partial_fit does; another call goes on"
        if descent.n_epochs > 0 and descent.best_epoch == 0:
            warnings.warn(
                "E rose in this pass; the weights are as before; try a smaller eta "
                f"(it was {'chosen: ' if self.eta == 'auto' else ''}{descent.eta:.3g})",
                ConvergenceWarning,
                stacklevel=4,
            )
        return self

    def _pass_over(self, X, y, sample_weight) -> _core.Descent:
        """One epoch on these records, from the weights that are there."""
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
                weight = free_name("sample_weight", taken)
                values = _check_sample_weight(sample_weight, Counted(frame.n_records), dtype=np.float64)
                frame.add_numbers(weight, np.ascontiguousarray(values))
                others["weight"] = weight
            return self._train(frame, self._settings(targets, names, **others), None)
        frame, _ = self._frame(X, reset=False)
        numbers, classes = self._further_targets(y, frame.n_records)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, Counted(frame.n_records), dtype=np.float64)
        weights = self._with_class_weights(weights, y, frame.n_records)
        settings = self._settings([], [], **overrides)
        given = dict(numbers=numbers, classes=classes, weights=None if weights is None else weights.tolist())
        descent = self._watched(
            settings, lambda callback: _core.train_further(self._model, frame, settings, **given, callback=callback)
        )
        self._take_further(descent)
        return descent

    def _with_class_weights(self, weights, y, n):
        return weights

    def _further_targets(self, y, n: int) -> tuple[list[list[float]], list[int]]:
        raise NotImplementedError

    def _watched(self, settings: dict[str, Any], run: Callable[[Any], _core.Descent]) -> _core.Descent:
        """A descent that tells callback and progress of its epochs."""
        if self.callback is not None and not callable(self.callback):
            raise TypeError(f"callback: found {self.callback!r}, expected a function of an epoch, or None")
        if not self.progress:
            return run(self.callback)
        bar = Progress(settings["epochs"])
        try:
            return run(bar.beside(self.callback))
        finally:
            bar.close()

    def _train(self, source, settings, start) -> _core.Descent:
        descent = self._watched(
            settings, lambda callback: _core.train(source, settings, start=start, callback=callback)
        )
        self._take(descent)
        if descent.used_up and settings["batch"] is None and settings["epochs"] is None:
            warnings.warn(descent.reason_text, ConvergenceWarning, stacklevel=4)
        return descent

    def _take(self, descent: _core.Descent) -> None:
        """Takes what a descent gave as attributes."""
        self._take_model(descent.model)
        self.n_iter_ = int(descent.n_epochs)
        self.best_iter_ = int(descent.best_epoch)
        self.loss_curve_ = np.asarray(descent.loss_curve)
        self.validation_curve_ = np.asarray(descent.held_out_curve) if descent.held_out_curve else None
        self.eta_curve_ = np.asarray(descent.eta_curve)
        self.notes_ = list(descent.notes)
        self._take_end(descent)

    def _take_further(self, descent: _core.Descent) -> None:
        """Takes what a pass over further records gave as attributes; curves go on where they ended."""
        self._take_model(descent.model)
        training = descent.model.training()
        self.n_iter_ = int(training["epochs"])
        self.best_iter_ = int(training["best_epoch"])
        for name, curve in [("loss_curve_", descent.loss_curve), ("eta_curve_", descent.eta_curve)]:
            # A model that was read from a file has none.
            before = getattr(self, name, None)
            setattr(self, name, np.asarray(curve) if before is None else np.append(before, curve[1:]))
        self.validation_curve_ = None
        self._take_end(descent)

    def _take_end(self, descent: _core.Descent) -> None:
        """Takes how a descent ended as attributes."""
        self.loss_ = float(descent.loss)
        self.baseline_loss_ = float(descent.baseline_loss)
        self.stop_reason_ = descent.reason
        self.stop_text_ = descent.reason_text
        self.learning_rate_ = float(descent.eta)
        self.guaranteed_eta_ = descent.guaranteed_eta
        self.optimizer_ = descent.optimizer
        for warning in descent.warnings:
            warnings.warn(warning, UserWarning, stacklevel=5)

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
        """Takes the classes of a model."""

    def _add_targets(self, frame: _core.Frame, y: Any, taken: set[str]) -> list[str]:
        raise NotImplementedError
