"""The examples in documents are run."""

import doctest
from pathlib import Path

import deltarule

from conftest import ROOT

HERE = Path(__file__).resolve().parent
FLAGS = doctest.NORMALIZE_WHITESPACE


def test_the_readme(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(HERE.parent / "README.md"), module_relative=False, optionflags=FLAGS)
    assert result.attempted > 5 and result.failed == 0


def test_docstrings():
    result = doctest.testmod(deltarule, optionflags=FLAGS)
    assert result.failed == 0 and result.attempted > 0


def test_every_public_method_is_documented():
    for cls in (deltarule.DeltaRuleRegressor, deltarule.DeltaRuleClassifier):
        for name in dir(cls):
            if not name.startswith("_") and name in {n for base in cls.__mro__ for n in vars(base) if base.__module__.startswith("deltarule")}:
                assert getattr(cls, name).__doc__, f"{cls.__name__}.{name}"
