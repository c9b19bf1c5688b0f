"""Single-layer networks on tables, trained by the delta rule.

A network is ŷ = f(Σ w·x + b); its error over a table is E = ½ΣΣ(y − ŷ)², and training walks down it by Δw = η δ x with
δ = (y − ŷ) f'(h). The estimators follow scikit-learn; the engine, the defaults and the bits of the results are those of the
command ``deltarule``.

>>> import numpy as np
>>> from deltarule import DeltaRuleRegressor
>>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([7.0, 10.0, 13.0, 16.0])
>>> model = DeltaRuleRegressor().fit(X, y)
>>> model.coef_.round(9), round(float(model.intercept_), 9)
(array([3.]), 7.0)
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from ._core import DivergedError, __version__

__all__ = ["DeltaRuleClassifier", "DeltaRuleRegressor", "DivergedError", "__version__", "load"]

# Each is imported when it is used: what they need takes long to load.
_PLACES = {
    "DeltaRuleClassifier": "._estimators",
    "DeltaRuleRegressor": "._estimators",
    "load": "._estimators",
}


def __getattr__(name: str) -> _Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(place, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
