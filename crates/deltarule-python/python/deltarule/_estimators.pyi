from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Tags

from ._base import DeltaRule

class DeltaRuleRegressor(RegressorMixin, DeltaRule):
    def __sklearn_tags__(self) -> Tags: ...
    def partial_fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self: ...
    def predict(self, X: Any) -> NDArray[np.float64]: ...
    def score(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | str | None = None) -> float: ...
    def net_input(self, X: Any) -> NDArray[np.float64]: ...
    def set_partial_fit_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...

class DeltaRuleClassifier(ClassifierMixin, DeltaRule):
    class_weight: Literal["balanced"] | Mapping[Any, float] | None
    classes_: NDArray[Any]

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
        class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
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
    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def score(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | str | None = None) -> float: ...
    def predict_proba(self, X: Any) -> NDArray[np.float64]: ...
    def decision_function(self, X: Any) -> NDArray[np.float64]: ...
    def set_partial_fit_request(self, *, classes: bool | str | None = ..., sample_weight: bool | str | None = ...) -> Self: ...
    def set_score_request(self, *, sample_weight: bool | str | None = ...) -> Self: ...

def load(path: str | PathLike[str]) -> DeltaRuleRegressor | DeltaRuleClassifier: ...
