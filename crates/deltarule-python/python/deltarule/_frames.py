"""From what Python users hold to columns, without a copy of numbers where there need be none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core

#: What is taken as it is; other types are made f64 first.
_TYPES = frozenset("?bhilqBHILQfd")

#: The name of the one column of a sparse matrix, as in libsvm's format.
SPARSE = "features"


def is_paths(data: Any) -> bool:
    """Whether data is named by paths or patterns."""
    if isinstance(data, (str, os.PathLike)):
        return True
    return isinstance(data, (list, tuple)) and len(data) > 0 and all(isinstance(one, (str, os.PathLike)) for one in data)


def paths_of(data: Any) -> list[str]:
    """The same as a list of texts."""
    names = [data] if isinstance(data, (str, os.PathLike)) else data
    return [os.fspath(name) for name in names]


def is_pandas(data: Any) -> bool:
    return type(data).__module__.split(".")[0] == "pandas" and hasattr(data, "columns")


def is_table(data: Any) -> bool:
    """Whether data has columns with names: a frame of pandas or polars, a table of pyarrow, a relation of DuckDB."""
    if is_pandas(data):
        return True
    return hasattr(data, "__arrow_c_stream__") and (hasattr(data, "columns") or hasattr(data, "schema"))


def column_names(data: Any) -> list[str] | None:
    """The names of the columns of a table; None where they are numbers, as pandas gives them to columns without names.

    Raises TypeError where some are texts and some are not.
    """
    names = getattr(data, "column_names", None)
    if names is None:
        names = data.columns if hasattr(data, "columns") else data.schema.names
    names = list(names)
    others = [name for name in names if not isinstance(name, str)]
    if len(others) == len(names):
        return None
    if others:
        raise TypeError(f"X: found the column name {others[0]!r}, expected texts; try X.columns = X.columns.astype(str)")
    return names


def check_different(names: Sequence[str]) -> None:
    """Raises ValueError where two columns have one name."""
    known: set[str] = set()
    for name in names:
        if name in known:
            raise ValueError(f"X: found two columns with the name {name!r}, expected different ones; rename one of them")
        known.add(name)


def add_numbers(frame: _core.Frame, name: str, values: np.ndarray) -> None:
    """Takes one-dimensional numbers or truth values, numbers in place, whether they stand one after the other or at equal distances."""
    if values.dtype.kind == "b":
        frame.add_truths([name], np.ascontiguousarray(values).view(np.uint8), by_rows=False)
        return
    values = _taken(values)
    step, rest = divmod(values.strides[0], values.itemsize)
    if rest or step < 2 or len(values) < 2:
        frame.add_numbers(name, np.ascontiguousarray(values))
        return
    # A column of a frame that was made of an array row by row: all from its first number to its last one.
    whole = np.lib.stride_tricks.as_strided(values, ((len(values) - 1) * step + 1,), (values.itemsize,), writeable=False)
    frame.add_strided(name, whole, step)


def _taken(values: np.ndarray) -> np.ndarray:
    """Numbers in the machine's own order of bytes, of a type that is taken as it is."""
    if values.dtype.char not in _TYPES or not values.dtype.isnative:
        return values.astype(np.float64)
    return values


def add_array(frame: _core.Frame, names: Sequence[str], values: np.ndarray) -> None:
    """Takes the columns of a two-dimensional array, in place if it stands row by row or column by column."""
    values = _taken(values)
    by_rows = not values.flags.f_contiguous
    flat = np.ascontiguousarray(values).reshape(-1) if by_rows else values.T.reshape(-1)
    if values.dtype.kind == "b":
        frame.add_truths(list(names), flat.view(np.uint8), by_rows=by_rows)
    else:
        frame.add_table(list(names), flat, by_rows=by_rows)


def add_sparse(frame: _core.Frame, matrix: Any) -> None:
    """Takes a sparse matrix of scipy's.

    Raises ValueError for a number in a column beyond those that 32 bits count.
    """
    rows = matrix.tocsr()
    largest, most = int(rows.indices.max(initial=0)), int(np.iinfo(np.int32).max)
    if largest > most:
        raise ValueError(
            f"X: found a number in column {largest} of a sparse matrix, expected columns up to {most}; number those that occur anew"
        )
    if not (rows.has_canonical_format and np.all(rows.data)):
        rows = rows.copy()
        rows.sum_duplicates()
        rows.eliminate_zeros()
    frame.add_sparse(
        SPARSE,
        np.ascontiguousarray(rows.indptr, dtype=np.int64),
        np.ascontiguousarray(rows.indices, dtype=np.int32),
        np.ascontiguousarray(rows.data, dtype=np.float64),
    )


def numbered(n: int) -> list[str]:
    """The names of columns that have none."""
    return [f"x{index}" for index in range(n)]


def add_table(frame: _core.Frame, table: Any, names: Sequence[str], only: Sequence[str] | None = None, targets: Sequence[str] = ()) -> None:
    """Takes the columns of a table under these names, or some of them; targets are what their categories are, and no texts for them.

    Raises ValueError or TypeError for values that cannot be taken.
    """
    if is_pandas(table):
        for index, name in enumerate(names):
            if only is None or name in only:
                series = table.iloc[:, index]
                if name in targets and hasattr(series.dtype, "categories"):
                    _add_objects(frame, name, list(series))
                else:
                    _add_series(frame, name, series)
        return
    # Columns that are not looked at cost nothing.
    frame.add_arrow_table(table, list(names))


def check_no_dates(what: str, values: Any) -> None:
    """Raises TypeError for an array of dates or durations, whose numbers depend on the unit that they happen to be counted in."""
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if kind == "M":
        if what != "X":
            raise TypeError(f"{what}: found dates ({values.dtype}), expected numbers or classes; make numbers of them, or texts")
        raise TypeError(
            f"{what}: found dates ({values.dtype}) in an array, expected numbers; put them into a column of a frame, "
            "as in pandas.DataFrame({'when': dates}), and name it in date=['when']"
        )
    if kind == "m":
        raise TypeError(
            f"{what}: found durations ({values.dtype}), expected numbers; "
            "divide them by a unit, as in durations / numpy.timedelta64(1, 's')"
        )


def _add_series(frame: _core.Frame, name: str, series: Any) -> None:
    """Takes a column of pandas."""
    dtype = series.dtype
    if type(dtype).__name__ == "SparseDtype":
        # One column at a time, so no more than that is held twice.
        series = series.sparse.to_dense()
        dtype = series.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind == "M":
            frame.add_texts(name, [None if text == "NaT" else text for text in np.datetime_as_string(series.to_numpy(), unit="s")])
        elif dtype.kind in "OSU":
            _add_objects(frame, name, series.to_numpy(dtype=object).tolist())
        elif dtype.kind in "biuf":
            add_numbers(frame, name, series.to_numpy())
        else:
            raise TypeError(f"column {name!r}: found values of type {dtype}, expected numbers, booleans or texts")
        return
    if hasattr(dtype, "categories") and hasattr(series, "cat"):
        levels = list(series.cat.categories)
        codes = series.cat.codes.to_numpy().astype(np.int32)
        frame.add_categories(name, codes, [_level(level) for level in levels])
        return
    if is_arrow_texts(dtype):
        frame.add_arrow(name, series.array.__arrow_array__())
        return
    kind = getattr(dtype, "kind", "O")
    if kind in "biuf":
        # A missing value is NaN among numbers; truth values that have one are texts.
        if not series.hasnans:
            add_numbers(frame, name, series.to_numpy(dtype=dtype.numpy_dtype))
        elif kind == "b":
            _add_objects(frame, name, list(series))
        else:
            frame.add_numbers(name, series.to_numpy(dtype=np.float64, na_value=np.nan))
        return
    if kind == "M":
        series = series.dt.strftime("%Y-%m-%dT%H:%M:%S")
    _add_objects(frame, name, list(series))


def is_arrow_texts(dtype: Any) -> bool:
    """Whether a column of pandas of this type holds its texts as an array of Arrow's."""
    if getattr(dtype, "storage", None) == "pyarrow":
        return True
    return str(getattr(dtype, "pyarrow_dtype", "")) in ("string", "large_string", "string_view")


def is_none(value: Any) -> bool:
    """Whether an object stands for a value that is missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and value != value


def _level(value: Any) -> str:
    """A category as it would stand in a CSV file."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return str(value)


def _add_objects(frame: _core.Frame, name: str, values: list[Any]) -> None:
    """Takes a column of any objects: all of them texts, all of them truth values, or all of them numbers; some may be missing.

    Raises TypeError for other objects, ValueError where numbers and texts are mixed, or for a number that is too large.
    """
    if frame.add_texts(name, values):
        return
    kinds = {"text": None, "truth value": None, "number": None}
    taken: list[Any] = []
    for record, value in enumerate(values, start=1):
        if isinstance(value, str):
            kind, given = "text", value
        elif is_none(value):
            taken.append(None)
            continue
        elif isinstance(value, (bool, np.bool_)):
            kind, given = "truth value", "true" if value else "false"
        elif isinstance(value, (int, float, np.integer, np.floating)):
            kind = "number"
            try:
                given = float(value)
            except OverflowError:
                raise ValueError(
                    f"column {name!r}: record {record}: found a number of {len(str(abs(value)))} digits, expected numbers within ±1.8e308"
                ) from None
        else:
            raise TypeError(
                f"column {name!r}: record {record}: found a value of type {type(value).__name__}, expected texts, numbers or booleans"
            )
        taken.append(given)
        if kinds[kind] is None:
            kinds[kind] = (record, value)
    found = {kind: first for kind, first in kinds.items() if first is not None}
    if len(found) > 1:
        told = " and ".join(f"a {kind} ({value!r} in record {record})" for kind, (record, value) in found.items())
        raise ValueError(
            f"column {name!r}: found {told}, expected one kind of values; correct it, or make texts of all: X[{name!r}].astype(str)"
        )
    if "number" in found:
        frame.add_numbers(name, np.array([np.nan if value is None else value for value in taken], dtype=np.float64))
    else:
        frame.add_texts(name, taken)
