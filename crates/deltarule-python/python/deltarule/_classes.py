"""Classes by the names that the engine gives them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from . import _core, _frames


def class_name(value: Any) -> str:
    """A class as the engine calls it: numbers by the fewest digits that tell them apart, without an exponent."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (Real, np.number)):
        return np.format_float_positional(float(value), trim="-")
    return str(value)


def known_classes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes that occur, in their order, and the place of each record's among them.

    Raises TypeError for objects that have no order.
    """
    if y.dtype != object:
        return np.unique(y, return_inverse=True)
    # NumPy would compare objects as often as it takes to sort all of them.
    values = y.tolist()
    classes = sorted(set(values))
    place = {one: index for index, one in enumerate(classes)}
    found = np.empty(len(classes), dtype=object)
    found[:] = classes
    return found, np.fromiter((place[value] for value in values), dtype=np.int64, count=len(values))


def add_classes(frame: _core.Frame, name: str, y: np.ndarray, classes: np.ndarray, codes: np.ndarray) -> None:
    """Takes classes as the engine would find them in a file: numbers in their order, texts by their bytes.

    Raises ValueError for numbers that are none of f64, of which the engine would take several for one class.
    """
    if classes.dtype.kind in "biuf":
        # Python compares a whole number and a float exactly.
        inexact = [one for one in classes.tolist() if float(one) != one]
        if inexact:
            raise ValueError(
                f"y: found the class {inexact[0]}, expected numbers that f64 holds, as whole ones up to 2**53 are; make texts of them: y.astype(str)"
            )
        _frames.add_numbers(frame, name, y if classes.dtype.kind == "b" else y.astype(np.float64))
    else:
        frame.add_classes(name, codes.astype(np.int32), [str(one) for one in classes])


def classes_of(names: Sequence[str], class_type: str | None) -> np.ndarray:
    """Classes by their names in a model; where it does not say what they are, numbers if each is the name of one, truth values, or texts."""
    if class_type == "text":
        return np.asarray(names, dtype=object)
    if list(names) in (["false", "true"], ["False", "True"]):
        return np.array([False, True])
    try:
        numbers = np.array([float(name) for name in names])
    except ValueError:
        numbers = np.array([np.nan])
    is_named_so = np.all(np.isfinite(numbers)) and [class_name(number) for number in numbers] == list(names)
    if not is_named_so and (class_type is None or np.isnan(numbers).any()):
        return np.asarray(names, dtype=object)
    is_whole = np.all(numbers == np.floor(numbers)) and np.all(np.abs(numbers) < 2.0**63)
    return numbers.astype(np.int64) if is_whole else numbers
