"""What learners look at: one step in numbers, gradients against differences, many descents beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any


def exact(x: float) -> str:
    """All digits: reading the text gives the same number back. −0 is 0, which is what people want to see."""
    text = repr(float(x) + 0.0)
    return text[:-2] if text.endswith(".0") else text


def short(x: float, digits: int = 6) -> str:
    """Six significant digits."""
    return f"{x + 0.0:.{digits}g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


class Explanation(Mapping[str, Any]):
    """One step of the delta rule on one record, every number of it.

    It prints as ``deltarule explain`` does, shows as tables in notebooks, and has the numbers under their names: ``inputs``,
    ``outputs`` (of each ``weights``, ``terms``, ``net_input``, ``output``, ``target``, ``residual``, ``delta``, ``step`` and so on),
    ``eta``, ``loss`` and ``new_loss``; ``left_out`` says what the step is without of what the model was trained with, weights of records and
    penalties.
    """

    def __init__(self, numbers: dict[str, Any]):
        self._numbers = numbers

    def __getitem__(self, name: str) -> Any:
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_numbers"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self) -> str:
        return str(self)

    def _sections(self, output: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]], list[str]]]:
        """A heading, the columns and rows of a table, and lines after it; for each part of the step."""
        names = [*self["input_names"]]
        inputs = [*self["inputs"]]
        forward = [[n, exact(x), exact(w), exact(t)] for n, x, w, t in zip(names, inputs, output["weights"], output["terms"])]
        steps = [
            [n, exact(g), exact(s), exact(w)]
            for n, g, s, w in zip(names, output["gradient"], output["step"], output["new_weights"])
        ]
        if output["bias"] is not None:
            forward.append(["bias b", "1", exact(output["bias"]), exact(output["bias"])])
            steps.append(
                ["bias b", exact(output["bias_gradient"]), exact(output["bias_step"]), exact(output["new_bias"])]
            )
        total = "Σ w·x + b" if output["bias"] is not None else "Σ w·x"
        squared = self["loss_name"] == "squared"
        if squared:
            error = [
                f"y − ŷ      = {exact(output['residual'])}",
                f"(y − ŷ)²   = {exact(output['squared'])}",
                f"½(y − ŷ)²  = {exact(output['loss'])}",
            ]
            term = "δ = (y − ŷ) f'(h)"
            product = f"δ = {exact(output['residual'])} · {exact(output['derivative'])} = {exact(output['delta'])}"
        else:
            error = [
                f"y − ŷ = {exact(output['residual'])}",
                f"L = {exact(output['loss'])}    the loss is {self['loss_name']}",
                f"−∂L/∂ŷ = {exact(output['slope'])}",
            ]
            term = "δ = −∂E/∂h"
            product = f"δ = {exact(output['delta'])}"
        derivative = "" if self["derivative"] is None else f"f'(h) = {self['derivative']} = {exact(output['derivative'])}    (at h, not at x)"
        return [
            (
                "1. forward: the weighted sum, and f of it",
                ["input", "x", "w", "w·x"],
                forward,
                [f"h = {total} = {exact(output['net_input'])}", f"ŷ = f(h) = {exact(output['output'])}", f"y = {exact(output['target'])}"],
            ),
            ("2. the error" + (", in three ways" if squared else ""), [], [], error),
            (f"3. the error term {term}", [], [], [line for line in (derivative, product) if line]),
            (
                "4. the step: ∂E/∂w = −δx points uphill, so the weights go the other way: Δw = −η ∂E/∂w = η δ x",
                ["weight", "∂E/∂w = −δx", "Δw = ηδx", "new w = w + Δw"],
                steps,
                [],
            ),
            (
                "5. forward again, with the new weights",
                [],
                [],
                [
                    f"h = {exact(output['new_net_input'])}",
                    f"ŷ = {exact(output['new_output'])}",
                    f"{'½(y − ŷ)²' if squared else 'L'} = {exact(output['new_loss'])}",
                ],
            ),
        ]

    def _last(self) -> str:
        name = "½Σ(y − ŷ)²" if self["loss_name"] == "squared" else "ΣL"
        return f"E of this record, {name}: {exact(self['loss'])} before, {exact(self['new_loss'])} after the step"

    def __str__(self) -> str:
        lines = ["one step of the delta rule on one record"]
        if self["left_out"] is not None:
            lines.append(self["left_out"])
        lines.append(f"f(h) = {self['f']}    η = {exact(self['eta'])}")
        for index, output in enumerate(self["outputs"]):
            if len(self["outputs"]) > 1:
                lines += ["", f"── output {index + 1} of {len(self['outputs'])}: {self['output_names'][index]} ──"]
            for heading, columns, rows, after in self._sections(output):
                lines += ["", heading]
                if columns:
                    width = max(5, *(len(row[0]) for row in rows), len(columns[0])) + 2
                    for row in [columns, *rows]:
                        lines.append(f"   {row[0]:<{width}}" + "".join(f"{text:>24}" for text in row[1:]))
                lines += ["   " + line for line in after]
        return "\n".join([*lines, "", self._last()])

    def _repr_html_(self) -> str:
        parts = [f"<p>one step of the delta rule: f(h) = {escape(self['f'])}, η = {exact(self['eta'])}</p>"]
        if self["left_out"] is not None:
            parts.append(f"<p>{escape(self['left_out'])}</p>")
        for index, output in enumerate(self["outputs"]):
            if len(self["outputs"]) > 1:
                parts.append(f"<h4>{escape(self['output_names'][index])}</h4>")
            for heading, columns, rows, after in self._sections(output):
                parts.append(f"<p><b>{escape(heading)}</b></p>")
                if columns:
                    parts.append(html_table(columns, rows))
                parts += [f"<div>{escape(line)}</div>" for line in after]
        return "\n".join([*parts, f"<p>{escape(self._last())}</p>"])


def html_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column are names."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:{'left' if k == 0 else 'right'}'>{escape(text)}</td>" for k, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class GradientCheck:
    """Each weight's ∂E/∂w by the delta rule, −Σδx, and by central differences, at random weights.

    Attributes
    ----------
    passes : bool
        Whether they are at most 1e-6 apart, relative to Σ|δx|; false where every record is at a kink, so that nothing could be compared.
    worst : float
        How far they are apart at most.
    weights : list of tuple
        Output, input, by the delta rule, by differences, apart.
    """

    def __init__(self, weights: list[tuple[str, str, float, float, float]], worst: float, passes: bool, compares_nothing: bool):
        self.weights, self.worst, self.passes = weights, worst, passes
        self._compares_nothing = compares_nothing

    _COLUMNS = ("output", "weight", "delta rule", "differences", "apart")

    def _rows(self) -> list[list[str]]:
        return [[o, i, short(a, 10), short(b, 10), short(e, 2)] for o, i, a, b, e in self.weights]

    def _last(self) -> str:
        if self._compares_nothing:
            return "nothing could be compared: every record is at a kink here; try another random_state"
        said = "right" if self.passes else "wrong"
        return f"the gradient is {said}: the two are at most {short(self.worst, 2)} apart (allowed: 1e-6)"

    def __bool__(self) -> bool:
        return self.passes

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [f"{o:<16}{i:<16}{a:>18}{b:>18}{e:>12}" for o, i, a, b, e in [list(self._COLUMNS), *self._rows()]]
        return "\n".join([*lines, "", self._last()])

    def _repr_html_(self) -> str:
        return html_table(self._COLUMNS, self._rows()) + f"<p>{escape(self._last())}</p>"


class Sweep:
    """Many descents over the same records.

    Attributes
    ----------
    runs : list of dict
        Of each what it was given (``eta``, ``l2``, ``l1``, ``seed``, ``optimizer``) and what it gave: ``loss``, ``held_out_loss``, ``n_epochs``,
        ``stop_reason``, ``loss_curve``.
    best : int or None
        The place of the best of them: the one with the least E on the records held out, or without those on all; None where all failed.
    best_estimator : estimator or None
        An estimator that is fitted as that run was.
    """

    def __init__(self, runs: list[dict[str, Any]], best: int | None, best_estimator: Any):
        self.runs, self.best, self.best_estimator = runs, best, best_estimator

    def _table(self) -> tuple[list[str], list[list[str]]]:
        names = ["eta", "l2", "l1", "seed", "optimizer"]
        shown = [n for n in names if n == "eta" or len({str(run[n]) for run in self.runs}) > 1]
        held_out = any(run["held_out_loss"] is not None for run in self.runs)
        rows = []
        for index, run in enumerate(self.runs):
            row = [("* " if index == self.best else "") + str(index + 1)]
            row += [value if isinstance(value := run[n], str) else short(value) for n in shown]
            row += [short(run["loss"], 8)]
            if held_out:
                row += ["-" if run["held_out_loss"] is None else short(run["held_out_loss"], 8)]
            rows.append([*row, str(run["n_epochs"]), run["stop_reason"]])
        columns = ["run", *shown, "E", *(["held-out E"] if held_out else []), "epochs", "stopped"]
        return columns, rows

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        columns, rows = self._table()
        widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths)) for row in [columns, *rows]]
        return "\n".join([*lines, "", "* the best: " + ("none, all of them failed" if self.best is None else f"run {self.best + 1}")])

    def _repr_html_(self) -> str:
        return html_table(*self._table())


def curve_svg(curve: Sequence[float], width: int = 360, height: int = 120) -> str:
    """E over the epochs as a picture, on a logarithmic scale where it falls by more than a hundredth part of itself."""
    import math

    values = [float(value) for value in curve if math.isfinite(value)]
    if len(values) < 2:
        return ""
    is_logarithmic = min(values) > 0 and max(values) > 100 * min(values)
    heights = [math.log10(value) for value in values] if is_logarithmic else values
    low, high = min(heights), max(heights)
    span = (high - low) or 1.0
    n = len(heights)
    shown = range(n) if n <= 400 else sorted({round(k * (n - 1) / 399) for k in range(400)})
    points = " ".join(f"{10 + (width - 20) * k / (n - 1):.1f},{height - 10 - (height - 30) * (heights[k] - low) / span:.1f}" for k in shown)
    scale = " (logarithmic)" if is_logarithmic else ""
    title = f"E{scale}: {short(values[0])} to {short(values[-1])} in {n - 1} epochs"
    return (
        f"<svg width='{width}' height='{height}' role='img' aria-label='{escape(title)}'>"
        f"<text x='10' y='12' font-size='11' fill='currentColor'>{escape(title)}</text>"
        f"<polyline points='{points}' fill='none' stroke='#1f77b4' stroke-width='1.5'/></svg>"
    )
