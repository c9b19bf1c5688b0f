"""From parameters to the settings of the engine, each of which is looked at before anything is done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state


class Settings:
    """The part of an estimator that makes settings of its parameters."""

    #: What a target is taken as.
    _task: str

    def _seed(self) -> int:
        """The seed, or what a random_state gives."""
        if self.random_state is None:
            return whole("seed", self.seed, 0)
        if isinstance(self.random_state, Integral):
            return whole("random_state", self.random_state, 0)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _threads(self) -> int | None:
        """How many threads; None leaves it to the engine, which takes all where that is worth it."""
        if self.n_jobs is None:
            return None
        if isinstance(self.n_jobs, bool) or not isinstance(self.n_jobs, Integral) or self.n_jobs == 0:
            raise wrong("n_jobs", self.n_jobs, "None, a whole number from 1 on, or -1 for all processors")
        n_jobs = int(self.n_jobs)
        return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)

    def _settings(self, targets: Sequence[str], features: Sequence[str], **others: Any) -> dict[str, Any]:
        """All settings as the engine takes them."""
        if self.batch == "full":
            batch = None
        else:
            batch = whole("batch", self.batch, 1, "'full', or ")
        early_stopping = self.early_stopping
        if early_stopping is True:
            early_stopping = 10
        elif early_stopping is False:
            early_stopping = None
        if early_stopping is not None and self.validation_fraction is None:
            raise ValueError(
                "early_stopping: found nothing to look at; add records that are held out, as in validation_fraction=0.25"
            )
        settings = dict(
            targets=list(targets),
            features=list(features),
            drop=[],
            categorical=list(names_in("categorical", self.categorical)),
            hash=[(name, maybe_whole("hash", bits, 1, 99)) for name, bits in pairs("hash", self.hash)],
            date=[(name, maybe_text("date", form)) for name, form in pairs("date", self.date)],
            interact=two_columns("interact", self.interact),
            poly=[(name, whole("poly", power, 2, most=99)) for name, power in items("poly", self.poly)],
            missing=text("missing", self.missing),
            min_count=maybe_whole("min_count", self.min_count, 2),
            task=self._task,
            weight=None,
            class_weight=None,
            activation=maybe_text("activation", self.activation),
            loss=maybe_text("loss", self.loss),
            bias=bool(self.bias),
            scale=text("scale", self.scale),
            init=text("init", self.init),
            seed=self._seed(),
            eta=self.eta if isinstance(self.eta, str) else number("eta", self.eta),
            reduction=text("reduction", self.reduction),
            l1=number("l1", self.l1),
            l2=number("l2", self.l2),
            optimizer=maybe_text("optimizer", self.optimizer),
            momentum=maybe_number("momentum", self.momentum),
            beta1=maybe_number("beta1", self.beta1),
            beta2=maybe_number("beta2", self.beta2),
            decay=maybe_number("decay", self.decay),
            epsilon=maybe_number("epsilon", self.epsilon),
            schedule=maybe_text("schedule", self.schedule),
            warm_up=whole("warm_up", self.warm_up, 0),
            average=maybe_whole("average", 2 if self.average is True else self.average or None, 1),
            batch=batch,
            epochs=maybe_whole("epochs", self.epochs, 0),
            tolerance=number("tolerance", self.tolerance),
            validation_fraction=maybe_number("validation_fraction", self.validation_fraction),
            split_by=None,
            early_stopping=maybe_whole("early_stopping", early_stopping, 1),
            precision=text("precision", self.precision),
            n_jobs=self._threads(),
            memory=maybe_whole("memory", self.memory, 1),
        )
        settings.update(others)
        return settings


def wrong(setting: str, found: Any, expected: str) -> Exception:
    kind = ValueError if isinstance(found, (str, Real)) else TypeError
    return kind(f"{setting}: found {found!r}, expected {expected}")


def whole(setting: str, value: Any, least: int, others: str = "", most: int = 2**64 - 1) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise wrong(setting, value, f"{others}a whole number from {least} on")
    if value > most:
        raise wrong(setting, value, f"{others}a whole number from {least} to {most}")
    return int(value)


def maybe_whole(setting: str, value: Any, least: int, most: int = 2**64 - 1) -> int | None:
    return None if value is None else whole(setting, value, least, "None, or ", most)


def number(setting: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise wrong(setting, value, "a number")
    return float(value)


def maybe_number(setting: str, value: Any) -> float | None:
    return None if value is None else number(setting, value)


def text(setting: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{setting}: found {value!r}, expected a text")
    return value


def maybe_text(setting: str, value: Any) -> str | None:
    return None if value is None else text(setting, value)


def names_in(setting: str, value: Any) -> list[str]:
    if not isinstance(value, str) and not hasattr(value, "__iter__"):
        raise TypeError(f"{setting}: found {value!r}, expected names of columns")
    names = [value] if isinstance(value, str) else list(value)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{setting}: found {name!r}, expected names of columns")
    return names


def several(setting: str, value: Any, default: Any) -> list[Any]:
    """The values of a sweep: those of a list or an array, one alone, or the estimator's own."""
    if value is None:
        return [default]
    values = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    if not values:
        raise ValueError(f"{setting}: found no value, expected at least one, or None for the estimator's own")
    return values


def two_columns(setting: str, value: Any) -> list[tuple[str, str]]:
    """Pairs of columns."""
    pairs = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    for pair in pairs:
        if isinstance(pair, str) or not hasattr(pair, "__iter__") or [isinstance(name, str) for name in pair] != [True, True]:
            raise TypeError(f"{setting}: found {pair!r}, expected pairs of columns, as in [('hour', 'workingday')]")
    return [tuple(pair) for pair in pairs]


def items(setting: str, value: Any) -> list[tuple[str, Any]]:
    if hasattr(value, "items"):
        return list(value.items())
    items = list(value) if hasattr(value, "__iter__") else [None]
    if any(not isinstance(item, (list, tuple)) or len(item) != 2 for item in items):
        raise TypeError(f"{setting}: found {value!r}, expected a dict of columns, as in {{'hour': 3}}")
    return [(name, given) for name, given in items]


def pairs(setting: str, value: Any) -> list[tuple[str, Any]]:
    """Columns with a setting of their own, or without."""
    is_listed = not hasattr(value, "items") and hasattr(value, "__iter__")
    if isinstance(value, str) or (is_listed and all(isinstance(one, str) for one in value)):
        return [(name, None) for name in names_in(setting, value)]
    return items(setting, value)
