"""The examples in documents are run, and print what they show; DELTARULE_BLESS=1 writes into docs/python.md what they print."""

import doctest
import inspect
import os

import nbclient
import nbformat
import pytest

import deltarule
import deltarule._estimators

from conftest import EXAMPLES, ROOT

FLAGS = doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the examples in it, where documents may write."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Blessing(doctest.DocTestRunner):
    """Takes what an example prints as what it should have printed."""

    def __init__(self):
        super().__init__(verbose=False)
        self.printed = {}

    def report_start(self, out, test, example):
        self.printed[example.lineno] = ""

    def report_success(self, out, test, example, got):
        self.printed[example.lineno] = example.want

    def report_failure(self, out, test, example, got):
        self.printed[example.lineno] = "".join(line if line.strip() else "<BLANKLINE>\n" for line in got.splitlines(keepends=True))

    def report_unexpected_exception(self, out, test, example, error):
        said = f"{error[0].__module__}." if error[0].__module__ != "builtins" else ""
        self.printed[example.lineno] = f"Traceback (most recent call last):\n    ...\n{said}{error[0].__qualname__}: {error[1]}\n"


def bless(path):
    """Writes a document anew, each example with what it prints."""
    text = path.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    runner = Blessing()
    runner.run(test, out=lambda _: None)
    lines = text.splitlines(keepends=True)
    for example in sorted(test.examples, key=lambda example: -example.lineno):
        begin = example.lineno + example.source.count("\n")
        end = begin + example.want.count("\n")
        lines[begin:end] = runner.printed[example.lineno].splitlines(keepends=True)
    path.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize("name", ["crates/deltarule-python/README.md", "docs/python.md"])
def test_pages(folder, name):
    if os.environ.get("DELTARULE_BLESS"):
        bless(ROOT / name)
    result = doctest.testfile(str(ROOT / name), module_relative=False, optionflags=FLAGS, encoding="utf-8")
    assert result.attempted > 5 and result.failed == 0


@pytest.mark.parametrize("module", [deltarule, deltarule._estimators])
def test_docstrings(folder, module):
    result = doctest.testmod(module, optionflags=FLAGS)
    assert result.failed == 0 and result.attempted > 3


def texts(cell):
    """What a cell shows as text: pictures and tables have identifiers of their own in each run, and warnings name files of the machine."""
    outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    shown = [out.get("text") or out.get("data", {}).get("text/plain") for out in outputs]
    return [text for text in shown if text is not None]


def test_the_notebook(folder):
    kept = nbformat.read(EXAMPLES / "deltarule.ipynb", as_version=4)
    run = nbformat.from_dict(kept)
    # The kernel is that of this environment, whatever the machine calls its kernels.
    client = nbclient.NotebookClient(run, timeout=120, resources={"metadata": {"path": str(EXAMPLES)}})
    client.execute()
    if os.environ.get("DELTARULE_BLESS"):
        for cell in run.cells:
            cell.metadata.clear()
            if cell.cell_type == "code":
                cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        run.metadata = kept.metadata
        nbformat.write(run, EXAMPLES / "deltarule.ipynb")
        kept = run
    cells = [(one, other) for one, other in zip(kept.cells, run.cells) if one.cell_type == "code"]
    assert len(cells) > 8 and sum(map(len, (texts(one) for one, _ in cells))) > 8
    for one, other in cells:
        assert texts(one) == texts(other), one.source


def test_every_public_method_is_documented():
    """In numpydoc's form: a section for what it takes, with each of its parameters, and one for what it gives."""
    for cls in (deltarule.DeltaRuleRegressor, deltarule.DeltaRuleClassifier):
        own = {name for base in cls.__mro__ for name in vars(base) if base.__module__.startswith("deltarule")}
        for name in own:
            method = getattr(cls, name)
            if name.startswith(("_", "set_")) or not callable(method):
                continue
            text = inspect.getdoc(method)
            assert text and text[0].isupper() and text.splitlines()[0].endswith("."), f"{cls.__name__}.{name}"
            parameters = [one for one in inspect.signature(method).parameters if one != "self"]
            if parameters:
                told = text.split("Parameters\n----------\n")[1].split("\n\n")[0]
                named = [one for line in told.splitlines() if not line.startswith(" ") for one in line.split(" : ")[0].split(", ")]
                assert named == parameters, f"{cls.__name__}.{name}"
            assert "Returns\n-------\n" in text or name == "save", f"{cls.__name__}.{name}"
