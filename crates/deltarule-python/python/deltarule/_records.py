"""From what users hold to the columns that the engine takes, with what scikit-learn asks of names and shapes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils import check_array
from sklearn.utils.validation import _check_feature_names, _check_n_features, check_is_fitted

from . import _core, _frames


class Records:
    """The part of an estimator that takes records."""

    _model: _core.Model

    #: Whether columns were chosen by their names, so that others may stand beside them, in any order.
    _by_names = False

    def _frame(self, X: Any, *, reset: bool) -> tuple[_core.Frame, list[str]]:
        """The columns of X and their names; with ``reset`` those are remembered, otherwise compared.

        Raises ValueError or TypeError where X cannot be taken.
        """
        frame = _core.Frame("X")
        # A network of sparse numbers knows columns by their places only.
        if _frames.is_table(X) and (reset or self._model.sparse_indices is None):
            names = self._names_of(X, reset)
            needed = None if reset else set(self._model.columns)
            if not reset and not needed.issubset(names):
                lacking = [name for name in self._model.columns if name not in names]
                raise ValueError(
                    "X: the feature names should match those that were passed during fit; "
                    f"not found: {', '.join(map(repr, lacking))}; found: {', '.join(map(repr, names))}"
                )
            _frames.add_table(frame, X, names, needed)
            return frame, names
        _frames.check_no_dates("X", X)
        X = check_array(
            X,
            accept_sparse="csr",
            dtype="numeric",
            ensure_all_finite=False,
            ensure_min_samples=1,
            estimator=self,
            input_name="X",
        )
        # Lists of dates are an array only now.
        _frames.check_no_dates("X", X)
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
        names = self._own_names(X.shape[1], reset)
        try:
            _frames.add_array(frame, names, X)
        except OverflowError:
            raise ValueError("X: found a whole number beyond f64, expected numbers within ±1.8e308") from None
        return frame, names

    def _names_of(self, X: Any, reset: bool) -> list[str]:
        """The names of the columns of a table, as the network calls them; they are remembered, or compared.

        Raises ValueError where two are equal, or they are others than those of the training.
        """
        names = _frames.column_names(X)
        if names is None:
            self._count(X, reset)
            return self._own_names(X.shape[1], reset)
        _frames.check_different(names)
        if not reset and not hasattr(self, "feature_names_in_"):
            warnings.warn(
                f"X has feature names, but {type(self).__name__} was fitted without feature names", UserWarning, stacklevel=5
            )
            _check_n_features(self, X, reset=False)
            return self._own_names(len(names), reset)
        self._remember(X, names, reset)
        return names

    def _own_names(self, n: int, reset: bool) -> list[str]:
        """How the network calls columns that go by their places."""
        names = _frames.numbered(n)
        return names if reset else list(getattr(self, "feature_names_in_", names))

    def _count(self, X: Any, reset: bool) -> None:
        """Remembers how many columns there are, none of which has a name, or compares that."""
        _check_n_features(self, X, reset=reset)
        if reset:
            self._by_names = False
            self.__dict__.pop("feature_names_in_", None)
        elif list(getattr(self, "feature_names_in_", ())) not in ([], _frames.numbered(self.n_features_in_)):
            # Those of an array, in a model that was read from a file, are no names.
            _check_feature_names(self, X, reset=False)

    def _remember(self, X: Any, names: Sequence[str], reset: bool) -> None:
        """Remembers the names of columns, or compares them."""
        if reset:
            self._by_names = False
            self.n_features_in_ = len(names)
            self.feature_names_in_ = np.asarray(names, dtype=object)
        elif _frames.is_pandas(X) and hasattr(self, "feature_names_in_") and not self._by_names:
            _check_feature_names(self, X, reset=False)

    def _take_columns(self) -> None:
        """Takes the columns of a model that go by names; sparse numbers go by their places."""
        columns, places = self._model.columns, self._model.sparse_indices
        self._by_names = places is None
        if places is None:
            # Those of an array are called x0, x1 and so on.
            self.feature_names_in_ = np.asarray(columns, dtype=object)
            self.n_features_in_ = len(columns)
        else:
            self.__dict__.pop("feature_names_in_", None)
            self.n_features_in_ = max(places, default=-1) + 1

    def _rows(self, X: Any) -> _core.Frame | list[str]:
        """The columns of X for a prediction, or the files that they are in."""
        check_is_fitted(self, "_model")
        return _frames.paths_of(X) if _frames.is_paths(X) else self._frame(X, reset=False)[0]

    def _compared(self, paths: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The targets in files, what is predicted of their records, and how often each counts."""
        check_is_fitted(self, "_model")
        if y is not None:
            raise ValueError("y: found beside a path, whose own columns are the targets")
        if sample_weight is not None and not isinstance(sample_weight, str):
            raise TypeError("sample_weight: found values beside a path, expected the name of a column")
        return self._model.compared(_frames.paths_of(paths), sample_weight)

    def _check_targets(self, y: Any) -> None:
        if y is None:
            raise ValueError("y: found nothing, expected the targets; only files that X names have them as columns")


class Counted:
    """Stands for so many records where only their number is looked at."""

    def __init__(self, n: int):
        self.shape = (n, 1)

    def __len__(self) -> int:
        return self.shape[0]


def free_name(name: str, taken: set[str]) -> str:
    """A name that no column has, and none will have."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free)
    return free


def check_all_there(y: Any, expected: str) -> None:
    """Raises ValueError for a target that is None, or something else that stands for what is missing; arrays of numbers are looked at later."""
    if not isinstance(y, (list, tuple)):
        dtype = getattr(y, "dtype", None)
        if dtype is None or (isinstance(dtype, np.dtype) and dtype.kind != "O"):
            return
        if hasattr(y, "hasnans") and not y.hasnans:
            return
    for record, value in enumerate(y, start=1):
        if _frames.is_none(value):
            raise ValueError(f"y: record {record}: found {value!r}, expected {expected}; leave out records without a target")
