"""What both estimators are made of."""

from __future__ import annotations

from sklearn.base import BaseEstimator

from ._learning import Learning
from ._models import Models
from ._records import Records
from ._settings import Settings
from ._training import Training


class DeltaRule(Settings, Records, Training, Learning, Models, BaseEstimator):
    """What both estimators share."""

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
        # With "drop" training leaves records out, and a prediction has none to leave out.
        tags.input_tags.allow_nan = self.missing not in ("error", "drop")
        return tags
