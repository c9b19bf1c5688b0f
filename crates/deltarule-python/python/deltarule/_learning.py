"""What learners ask of an estimator: a step in numbers, gradients against differences, many descents, the equation."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from . import _core, _frames
from ._settings import number, several


class Learning:
    """The part of an estimator that shows what it does."""

    _task: str
    _model: _core.Model

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
        if _frames.is_paths(x):
            raise TypeError(f"x: found {x!r}, expected the inputs of one record, as in X[:1]")
        if not _frames.is_table(x) and not hasattr(x, "tocsr"):
            x = np.asarray(x)
            x = x.reshape(1, -1) if x.ndim == 1 else x
        if hasattr(x, "tocsr"):
            raise ValueError("x: found a sparse matrix, expected the inputs of one record, as in x.toarray()[0]")
        if len(x) != 1:
            raise ValueError(f"x: found {len(x)} records, expected one, as in X[:1]")
        frame = self._rows(x)
        numbers, classes = self._further_targets(self._one_target(y), 1)
        eta = None if eta is None else number("eta", eta)
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
        eta : list or array
            Learning rates: numbers, or 'auto'. Here and below one value alone is a list of one.
        l2, l1 : list or array, optional
            Penalties.
        seeds : list or array, optional
            Seeds of the start and of the records' order.
        optimizer : list, optional
            Rules of descent.

        Returns
        -------
        Sweep
            The runs, and the best of them. Each is, to the last bit, what :meth:`fit` gives alone; callback and progress are not told of them.
        """
        from itertools import product

        from ._insight import Sweep

        estimator = clone(self)
        frame, targets, names = estimator._source(X, y)
        others = estimator._class_settings()
        runs, settings, estimators = [], [], []
        choices = product(
            several("optimizer", optimizer, self.optimizer),
            [self._seed()] if seeds is None else several("seeds", seeds, None),
            several("l2", l2, self.l2),
            several("l1", l1, self.l1),
            several("eta", eta, self.eta),
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
