"""What the tests share: the tables of examples/, and the command."""

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

# scikit-learn leaves its checks of the array API out without this, which must be there before scipy is loaded.
os.environ["SCIPY_ARRAY_API"] = "1"

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"


class Command:
    """The program, run in a folder of its own."""

    def __init__(self, folder):
        self.program = os.environ.get("DELTARULE", str(ROOT / "target/debug/deltarule"))
        self.folder = folder

    def run(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def train(self, data, *arguments):
        """A model file as JSON, and its path."""
        path = self.folder / f"model{len(list(self.folder.glob('model*')))}.json"
        self.run("train", data, *arguments, "--out", path, "--quiet")
        return json.loads(path.read_text()), path

    def predict(self, model, data, *arguments):
        """The rows of predictions, as texts."""
        text = self.run("predict", model, data, "--quiet", *arguments)
        return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def table(name):
    """The columns of a table of examples/, by their names: numbers where all fields are, texts otherwise."""
    with open(EXAMPLES / name, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {}
    for column in rows[0]:
        values = [row[column] for row in rows]
        try:
            columns[column] = np.array([float(value) for value in values])
        except ValueError:
            columns[column] = np.array(values, dtype=object)
    return columns


def inputs_and_target(name, target):
    """X, shape (records, features), y and the names of the features."""
    columns = table(name)
    y = columns.pop(target)
    return np.column_stack(list(columns.values())), y, list(columns)


def weights_in(model):
    """The weights and biases of a model file, as the texts that they are written in."""
    return [
        ([repr(float(one["weight"])) for one in output["weights"]], repr(float(output["bias"] or 0)))
        for output in model["outputs"]
    ]
