"""What is loaded when."""

import subprocess
import sys


def run(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_scikit_learn_is_loaded_with_the_first_estimator():
    assert run("import deltarule, sys; print('sklearn' in sys.modules)") == "False"
    assert run("import deltarule, sys; deltarule.DeltaRuleRegressor; print('sklearn' in sys.modules)") == "True"


def test_it_is_loaded_within_60_ms_beyond_numpy():
    script = "import numpy, time; t = time.perf_counter(); import deltarule; print(1e3 * (time.perf_counter() - t))"
    assert min(float(run(script)) for _ in range(5)) < 60
