from ._core import DivergedError as DivergedError, __version__ as __version__
from ._estimators import DeltaRuleClassifier as DeltaRuleClassifier, DeltaRuleRegressor as DeltaRuleRegressor, load as load

__all__ = ["DeltaRuleClassifier", "DeltaRuleRegressor", "DivergedError", "__version__", "load"]
