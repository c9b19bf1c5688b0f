"""What type checkers are told of the package is what it has."""

import subprocess
import sys

from conftest import ROOT

CRATE = ROOT / "crates" / "deltarule-python"


def mypy(tmp_path, *arguments):
    # -P: the package that is installed, and not the folder that this is run in.
    command = [sys.executable, "-P", "-m", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_stubs_are_those_of_the_package(tmp_path):
    code, told = mypy(tmp_path, "mypy.stubtest", "deltarule", "--mypy-config-file", CRATE / "pyproject.toml")
    assert code == 0, told


def test_uses_have_their_types(tmp_path):
    (tmp_path / "use.py").write_text(
        """\
import numpy as np
from deltarule import DeltaRuleClassifier, DeltaRuleRegressor, DivergedError, load

X, y = np.ones((3, 2)), np.ones(3)
model = DeltaRuleRegressor(eta=0.1, batch=32, poly={"hour": 3}).fit(X, y)
reveal_type(model)
reveal_type(model.predict(X))
reveal_type(DeltaRuleClassifier().fit("data.csv", target="y").score("data.csv"))
reveal_type(model.explain(X[:1], 1.0))
reveal_type(load("model.json"))
error: Exception = DivergedError("")
DeltaRuleRegressor(eta="large", rate=3)
model.fit(X, y, targets="y")
"""
    )
    code, told = mypy(tmp_path, "mypy", "--config-file", CRATE / "pyproject.toml", "use.py")
    assert code == 1
    revealed = [line.split('"')[1].replace("deltarule._estimators.", "") for line in told.splitlines() if "Revealed type" in line]
    assert revealed[0] == "DeltaRuleRegressor" and revealed[1].startswith("numpy.ndarray[") and revealed[2].endswith("float")
    assert revealed[3] == "deltarule._insight.Explanation" and revealed[4] == "DeltaRuleRegressor | DeltaRuleClassifier"
    wrong = [line.split(": error: ")[1] for line in told.splitlines() if ": error: " in line]
    assert len(wrong) == 3, told
    for name, error in zip(["rate", "eta", "targets"], wrong):
        assert f'rgument "{name}"' in error
