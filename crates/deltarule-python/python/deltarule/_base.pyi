from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

from ._core import Model
from ._insight import Explanation, GradientCheck, Sweep

class DeltaRule(BaseEstimator):
    activation: str | None
    loss: str | None
    bias: bool
    scale: str
    init: str
    eta: float | Literal["auto"]
    optimizer: str | None
    batch: int | Literal["full"]
    epochs: int | None
    tolerance: float
    reduction: str
    l1: float
    l2: float
    momentum: float | None
    beta1: float | None
    beta2: float | None
    decay: float | None
    epsilon: float | None
    schedule: str | None
    warm_up: int
    average: int | bool | None
    missing: str
    categorical: Sequence[str] | str
    hash: Sequence[str] | Mapping[str, int | None] | str
    date: Sequence[str] | Mapping[str, str | None] | str
    interact: Iterable[tuple[str, str]]
    poly: Mapping[str, int] | Iterable[tuple[str, int]]
    min_count: int | None
    validation_fraction: float | None
    early_stopping: int | bool | None
    seed: int
    random_state: int | np.random.RandomState | None
    warm_start: bool
    precision: str
    memory: int | None
    n_jobs: int | None
    callback: Callable[[dict[str, Any]], Any] | None
    progress: bool

    coef_: NDArray[np.float64]
    intercept_: Any
    input_names_: list[str]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_iter_: int
    best_iter_: int
    loss_: float
    baseline_loss_: float
    loss_curve_: NDArray[np.float64]
    validation_curve_: NDArray[np.float64] | None
    eta_curve_: NDArray[np.float64]
    learning_rate_: float
    guaranteed_eta_: float | None
    optimizer_: str
    stop_reason_: str
    stop_text_: str
    notes_: list[str]
    _model: Model

    def __init__(
        self,
        *,
        activation: str | None = None,
        loss: str | None = None,
        bias: bool = True,
        scale: str = "standard",
        init: str = "auto",
        eta: float | Literal["auto"] = "auto",
        optimizer: str | None = None,
        batch: int | Literal["full"] = "full",
        epochs: int | None = None,
        tolerance: float = 1e-7,
        reduction: str = "mean",
        l1: float = 0.0,
        l2: float = 0.0,
        momentum: float | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        decay: float | None = None,
        epsilon: float | None = None,
        schedule: str | None = None,
        warm_up: int = 0,
        average: int | bool | None = None,
        missing: str = "error",
        categorical: Sequence[str] | str = (),
        hash: Sequence[str] | Mapping[str, int | None] | str = (),
        date: Sequence[str] | Mapping[str, str | None] | str = (),
        interact: Iterable[tuple[str, str]] = (),
        poly: Mapping[str, int] | Iterable[tuple[str, int]] = (),
        min_count: int | None = None,
        validation_fraction: float | None = None,
        early_stopping: int | bool | None = None,
        seed: int = 0,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        precision: str = "f64",
        memory: int | None = None,
        n_jobs: int | None = None,
        callback: Callable[[dict[str, Any]], Any] | None = None,
        progress: bool = False,
    ) -> None: ...
    def __sklearn_tags__(self) -> Tags: ...
    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | str | None = None,
        *,
        target: str | Sequence[str] | None = None,
        features: str | Sequence[str] | None = None,
        drop: str | Sequence[str] | None = None,
    ) -> Self: ...
    def set_fit_request(
        self,
        *,
        drop: bool | str | None = ...,
        features: bool | str | None = ...,
        sample_weight: bool | str | None = ...,
        target: bool | str | None = ...,
    ) -> Self: ...
    def set_partial_fit_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    def explain(self, x: Any, y: Any, *, eta: float | None = None) -> Explanation: ...
    def check_gradient(self, X: Any, y: ArrayLike) -> GradientCheck: ...
    def sweep(
        self,
        X: Any,
        y: ArrayLike,
        *,
        eta: ArrayLike | Sequence[float | str] | str | None = ("auto",),
        l2: ArrayLike | None = None,
        l1: ArrayLike | None = None,
        seeds: ArrayLike | None = None,
        optimizer: str | Sequence[str] | None = None,
    ) -> Sweep: ...
    def equation(self, most: int = 12) -> str: ...
    def to_onnx(self) -> bytes: ...
    def save(self, path: str | PathLike[str]) -> None: ...
    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self: ...
