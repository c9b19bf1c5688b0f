"""Models as files: the command's, and those of other programs."""

from __future__ import annotations

import os

from sklearn.utils.validation import check_is_fitted

from . import _core


def read_model(path):
    """The model in a file; errors name the file."""
    with open(path, "rb") as file:
        text = file.read()
    try:
        return _core.Model.from_json(text)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


class Models:
    """The part of an estimator that is written and read."""

    _task: str
    _model: _core.Model

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
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"{os.fspath(path)}: there is no folder {folder}; make it first, as with os.makedirs")
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
        An estimator that predicts what the model does

        Notes
        -----
        A file keeps the network, its columns and how it was trained, and not the estimator: parameters other than ``activation`` have their
        defaults, and there is no ``loss_curve_``, ``eta_curve_``, ``validation_curve_``, ``stop_text_`` or ``guaranteed_eta_``. Of classes it keeps
        whether they are numbers, truth values or texts: numbers come back as ``int64`` where all are whole, otherwise as ``float64``, and texts as
        objects. A file of before it did has their names alone, and those that are the names of numbers come back as numbers. ``pickle`` keeps everything.
        """
        model = read_model(path)
        is_of_classes = model.classes is not None
        if is_of_classes != (cls._task == "classification"):
            other = "DeltaRuleClassifier" if is_of_classes else "DeltaRuleRegressor"
            raise ValueError(f"{os.fspath(path)}: found a model of {'classes' if is_of_classes else 'numbers'}, expected the other; try {other}.load")
        estimator = cls(activation=model.activation)
        estimator._model = model
        estimator._take_columns()
        estimator._single_target = len(model.targets) == 1
        estimator._take_model(model)
        estimator._take_classes(model)
        training = model.training()
        estimator.n_iter_ = int(training["epochs"])
        estimator.best_iter_ = int(training["best_epoch"])
        estimator.optimizer_ = training["optimizer"]
        estimator.notes_ = []
        estimator.stop_reason_ = training["stop_reason"]
        estimator.learning_rate_ = training["eta"]
        estimator.loss_ = training["loss_sum"]
        estimator.baseline_loss_ = training["baseline_loss_sum"]
        return estimator
