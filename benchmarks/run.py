"""deltarule beside its peers on the same data: whole processes, interleaved, medians. `make bench` runs it.

    python run.py [SECTION …]      all sections, or only some: table, steps, records, sweep, cache, classes, logistic

It makes its data (1,000,000 records of 30 numbers; a pair of columns correlated 0.99; units of very different size), puts the quality
that each reaches beside its time, and writes results.md, and results.json from which it is made. Sections that are not run keep their rows and their day.

BENCH_RUNS and BENCH_RECORDS change the number of runs and of records. BENCH_TABLES names a folder with adult.csv (its column label is 0 or 1),
a9a.libsvm and a9a.t.libsvm, for the section classes. PyTorch is compared where it is installed in benchmarks/.venv.
"""

import datetime
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = HERE / "data"
PROGRAM = ROOT / "target" / "release" / "deltarule"
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
RECORDS = int(os.environ.get("BENCH_RECORDS", "1000000"))
TABLES = os.environ.get("BENCH_TABLES")


def make_data():
    import numpy
    import pandas

    DATA.mkdir(exist_ok=True)
    if (DATA / "numbers.vw").exists():
        return
    print("making the data", flush=True)
    rng = numpy.random.default_rng(0)
    d = 30
    x = rng.standard_normal((RECORDS, d))
    x[:, 1] = 0.99 * x[:, 0] + 0.14 * x[:, 1]
    scaled = x.copy()
    x *= 10.0 ** rng.integers(-2, 4, d)
    y = scaled @ rng.standard_normal(d) + 3 + rng.standard_normal(RECORDS)
    frame = pandas.DataFrame(x, columns=[f"x{i}" for i in range(d)])
    frame["y"] = y
    frame.to_csv(DATA / "numbers.csv", index=False, float_format="%.8g")
    frame = pandas.read_csv(DATA / "numbers.csv")
    frame.to_parquet(DATA / "numbers.parquet", index=False, row_group_size=131_072)
    classes = frame.drop(columns="y")
    classes["c"] = (frame["y"] > frame["y"].median()).astype(int)
    classes.to_parquet(DATA / "classes.parquet", index=False, row_group_size=131_072)
    # The peer gets scaled numbers: it would need them.
    z = (frame - frame.mean()) / frame.std()
    with open(DATA / "numbers.tmp", "w") as file:
        for row, target in zip(z.drop(columns="y").to_numpy(), frame["y"]):
            file.write(f"{target:.8g} | " + " ".join(f"{i}:{v:.8g}" for i, v in enumerate(row)) + "\n")
    (DATA / "numbers.tmp").rename(DATA / "numbers.vw")


def make_classes():
    """adult, cut into records to train and to test on, and a9a; both as VW text, too."""
    import pandas

    tables = pathlib.Path(TABLES)
    frame = pandas.read_csv(tables / "adult.csv").sample(frac=1, random_state=0)
    numbers = frame.drop(columns="label").select_dtypes("number").columns
    quarter = len(frame) // 4
    for part, rows in (("test", frame[:quarter]), ("train", frame[quarter:])):
        rows.to_csv(DATA / f"adult_{part}.csv", index=False)
        scaled = rows.copy()
        scaled[numbers] = (rows[numbers] - frame[quarter:][numbers].mean()) / frame[quarter:][numbers].std()
        with open(DATA / f"adult_{part}.vw", "w") as file:
            for record in scaled.to_dict("records"):
                label = record.pop("label")
                words = (f"{k}:{v:.6g}" if k in numbers else f"{k}={str(v).replace(' ', '_')}" for k, v in record.items())
                file.write(f"{1 if label else -1} | {' '.join(words)}\n")
    for part, name in (("train", "a9a.libsvm"), ("test", "a9a.t.libsvm")):
        shutil.copy(tables / name, DATA / name)
        with open(DATA / f"a9a_{part}.vw", "w") as file:
            for line in (tables / name).read_text().splitlines():
                label, *pairs = line.split()
                file.write(f"{1 if float(label) > 0 else -1} | {' '.join(pairs)}\n")


def timed(command):
    """Seconds, and what was printed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.communicate()
    elapsed = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{command}: exit code {process.returncode}\n{errors}")
    return elapsed, output


def compare(work, ours, theirs):
    """Runs the commands in turn; gives rows of a table, ours first."""
    commands = {"deltarule": ours, **theirs}
    times, printed = {name: [] for name in commands}, {}
    for _ in range(RUNS):
        for name, command in commands.items():
            elapsed, output = timed(command)
            times[name].append(elapsed)
            printed[name] = output
    base = statistics.median(times["deltarule"])
    rows = []
    for name in commands:
        median = statistics.median(times[name])
        rows.append(f"| {work} | {name} | {median:.2f} | {base / median:.2f} | {quality(printed[name])} |")
        print(rows[-1], flush=True)
    return rows


def quality(printed):
    if printed.startswith("{"):
        result = json.loads(printed)
        if "runs" in result:
            return f"{len(result['runs'])} runs"
        scores = result["held_out"] or result["training"]
        if "targets" in scores:
            return f"R² {scores['targets'][0]['model']['r_squared']:.5f}"
        return f"accuracy {scores['model']['accuracy']:.4f}"
    for name, pattern in (("R²", r"r_squared (\S+)"), ("accuracy", r"^accuracy (\S+)")):
        if found := re.search(pattern, printed, re.MULTILINE):
            return f"{name} {float(found[1]):.5f}" if name == "R²" else f"{name} {float(found[1]):.4f}"
    return ""


def deltarule(command, data, *options):
    return [str(PROGRAM), command, str(DATA / data), *options, "--json"]


def peer(name, *options):
    return [sys.executable, str(HERE / "peers.py"), name, str(DATA), *options]


def step_bench(*options):
    """The last line that the core's own benchmark prints, in words."""
    command = ["cargo", "bench", "-q", "-p", "deltarule-core", "--bench", "step", "--", *options]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return output.strip().splitlines()[-1].split()


def table_section():
    stochastic = ["--target", "y", "--batch", "1", "--epochs", "5"]
    rows = compare("CSV → model, 5 epochs of one record a step", deltarule("train", "numbers.csv", *stochastic),
                   {"pandas + SGDRegressor": peer("pandas_sklearn"), "VW, one pass over its own text": peer("vw")})
    rows += compare("Parquet → model, the same", deltarule("train", "numbers.parquet", *stochastic),
                    {"polars + SGDRegressor": peer("polars_sklearn")})
    rows += compare("CSV → least squares, on defaults", deltarule("train", "numbers.csv", "--target", "y"),
                    {"pandas + LinearRegression": peer("pandas_least_squares")})
    gd = ["--target", "y", "--optimizer", "gd", "--tolerance", "0", "--eta", "0.1"]
    rows += compare("Parquet, identity, 10,000 plain steps", deltarule("train", "numbers.parquet", *gd, "--epochs", "10000"),
                    {"deltarule, one step": deltarule("train", "numbers.parquet", *gd, "--epochs", "1")})
    return rows


def classes_section():
    if not TABLES:
        print("BENCH_TABLES names no folder: adult and a9a are left out")
        return None
    make_classes()
    rows = compare("adult → model and held-out accuracy",
                   deltarule("train", "adult_train.csv", "--target", "label", "--valid", str(DATA / "adult_test.csv"), "--batch", "16", "--epochs", "10"),
                   {"pandas + LogisticRegression": peer("adult_sklearn"), "VW, 3 passes over its own text": peer("adult_vw")})
    rows += compare("a9a → model and held-out accuracy",
                    deltarule("train", "a9a.libsvm", "--valid", str(DATA / "a9a.t.libsvm"), "--batch", "16", "--epochs", "10"),
                    {"scikit-learn LogisticRegression": peer("a9a_sklearn"), "liblinear -s 0": peer("a9a_liblinear"),
                     "VW, 3 passes over its own text": peer("a9a_vw")})
    return rows


def steps_section():
    """Milliseconds of one full-batch sigmoid step on data in memory."""
    rows = []
    with_torch = importlib.util.find_spec("torch") is not None
    for n, d in ((8_000_000, 16), (4_000_000, 64), (500_000, 512), (120_000, 2000)):
        for kind, short in (("float32", "f32"), ("float64", "f64")):
            ours, shares, numpy, torch = [], [], [], []
            for _ in range(3):
                fields = step_bench(f"{n}x{d}:{short}")
                ours.append(float(fields[3]))
                shares.append(float(fields[5]))
                numpy.append(float(timed(peer("numpy_step", f"{n}:{d}:{kind}"))[1].split()[1]))
                if with_torch:
                    torch.append(float(timed(peer("torch_step", f"{n}:{d}:{kind}"))[1].split()[1]))
            a, b = statistics.median(ours), statistics.median(numpy)
            c = f"{statistics.median(torch):.1f} | {statistics.median(torch) / a:.2f}" if torch else "– | –"
            rows.append(f"| {n:,} × {d} {short} | {a:.1f} | {statistics.median(shares):.0f} % | {b:.1f} | {b / a:.2f} | {c} |")
            print(rows[-1], flush=True)
    return rows


def records_section():
    """One record a step in memory, f64, 1,000,000 × 30, 5 epochs, shuffle and E of every epoch included."""
    ours, with_plan, theirs = [], [], []
    for _ in range(RUNS):
        printed = " ".join(step_bench("1000000x30:f64", "--epochs", "5", "--activation", "identity"))
        rates = re.search(r"a step: (\S+) million records a second; (\S+) with", printed)
        ours.append(float(rates[1]))
        with_plan.append(float(rates[2]))
        printed = timed(peer("polars_sklearn"))[1]
        theirs.append(float(re.search(r"records_per_second (\S+)", printed)[1]) / 1e6)
    a, all_of_it, b = (statistics.median(rates) for rates in (ours, with_plan, theirs))
    return [f"{a:.1f} million records a second; {all_of_it:.1f} with the choice of η and the triangle from which E comes, both made once; "
            f"SGDRegressor, whose η is given, {b:.1f} million ({a / b:.1f} and {all_of_it / b:.1f} times)."]


def sweep_section():
    """Training time of a sweep of 16 η beside that of one run: without that of the same command with no epoch."""
    runs = ["--target", "c"]
    sweep = lambda k: deltarule("sweep", "classes.parquet", *runs, "--epochs", k, "--eta", "0.1..10", "--points", "16")
    one = lambda k: deltarule("train", "classes.parquet", *runs, "--epochs", k, "--optimizer", "gd", "--eta", "1")
    times = {name: [] for name in ("sweep", "one")}
    for _ in range(RUNS):
        for name, command in (("sweep", sweep), ("one", one)):
            times[name].append(timed(command("20"))[0] - timed(command("0"))[0])
    a, b = statistics.median(times["sweep"]), statistics.median(times["one"])
    return [f"{a:.2f} s for 16 runs of 20 epochs, {b:.2f} s for one: {a / (16 * b):.2f} of 16 separate runs."]


BUDGET = "24MiB"


def cache_section():
    """A full-batch epoch from the cache of a table that is larger than the budget, beside `cat` of that cache: both from the page cache, as it was just used."""
    cache = DATA / "numbers.cache"
    train = lambda k: deltarule("train", "numbers.csv", "--target", "y", "--activation", "tanh", "--optimizer", "gd", "--eta", "0.1", "--tolerance", "0",
                                "--epochs", k, "--memory", BUDGET, "--cache", str(cache))
    epochs = 40
    timed(train("0"))
    ours, theirs = [], []
    for _ in range(RUNS):
        first = timed(train("1"))[0]
        ours.append((timed(train(str(1 + epochs)))[0] - first) / epochs)
        theirs.append(timed(["sh", "-c", f"cat '{cache}' > /dev/null"])[0])
    size = cache.stat().st_size
    cache.unlink()
    a, b = statistics.median(ours), statistics.median(theirs)
    return [f"{1000 * a:.1f} ms for {size / 1e6:.0f} MB with --memory {BUDGET}, cat {1000 * b:.1f} ms: {100 * b / a:.0f} % of its rate."]


# The gap to the least J = E/N + ½·l2·Σw², relative to it, that both must reach.
GAP = 1e-6
L2 = 1e-4


def objective(result):
    return (result["loss_sum"] + result["penalty"]["sum"]) / result["training"]["records"]


def logistic_section():
    """Training time of log loss with l2 to the same gap from the least J: each with the loosest tolerance that reaches it."""
    ours = lambda *options: deltarule("train", "classes.parquet", "--target", "c", "--loss", "log", "--l2", str(L2), *options)
    least = objective(json.loads(timed(ours("--tolerance", "1e-11"))[1]))
    reached = lambda tolerance: objective(json.loads(timed(ours("--tolerance", tolerance))[1])) / least - 1
    tolerance = next(t for t in ("1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7", "1e-8") if reached(t) <= GAP)
    times, theirs = [], []
    for _ in range(RUNS):
        times.append(timed(ours("--tolerance", tolerance))[0] - timed(ours("--epochs", "0"))[0])
        theirs.append(timed(peer("logistic", f"{L2}:{least!r}:{GAP}"))[1].split())
    a, b = statistics.median(times), statistics.median(float(fields[1]) for fields in theirs)
    return [f"{a:.2f} s to a gap of {reached(tolerance):.0e} (--tolerance {tolerance}), LogisticRegression (lbfgs) on scaled arrays in memory {b:.2f} s "
            f"to {float(theirs[0][3]):.0e} (tol={theirs[0][5]}): {a / b:.2f} of it."]


SECTIONS = {"table": table_section, "classes": classes_section, "records": records_section, "sweep": sweep_section,
            "cache": cache_section, "logistic": logistic_section, "steps": steps_section}


def write(rows):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    flags = open("/proc/cpuinfo").read()
    vectors = next((name for flag, name in ((" avx512f", "AVX-512"), (" avx2", "AVX2")) if flag in flags), "neither AVX2 nor AVX-512")
    line = lambda name: "\n".join(rows[name]["rows"]) if name in rows else "not run"
    days = ", ".join(f"{name} {rows[name]['day']}" for name in SECTIONS if name in rows)
    text = f"""# Results

Made by `make bench`: {cpu} with {vectors}, {os.cpu_count()} cores, {platform.system()}. Interleaved runs, medians; {RUNS} runs of whole
processes, 3 of the steps. Machines that are shared are noisy: only ratios of one run mean something. Days of the sections: {days}.

Whole processes, in seconds; {RECORDS:,} records of 30 numbers, and two tables of classes. The ratio is deltarule's time to that of the row: below 1, deltarule is quicker.

| work | program | seconds | ratio | quality reached |
|---|---|---|---|---|
{line("table")}
{line("classes")}

One record a step, f64, in memory, 5 epochs, shuffle and E of every epoch included: {line("records")}

A sweep of 16 η, sigmoid, training time: {line("sweep")}

A full-batch epoch over a table larger than the budget, tanh, f64, from its cache on disk, which is in the page cache: {line("cache")}

Log loss with l2 = {L2} on {RECORDS:,} × 30, training time to a gap of {GAP} from the least, relative to it: {line("logistic")}

One full-batch sigmoid step, data in memory; deltarule scales raw tiled columns on the way, the others have scaled data. Milliseconds, the share of the
memory's read bandwidth (measured in the same run) that deltarule reaches, and how many times as quick it is.

| table | deltarule | bandwidth | numpy | times | PyTorch | times |
|---|---|---|---|---|---|---|
{line("steps")}
"""
    (HERE / "results.md").write_text(text)
    print(text)


def main():
    make_data()
    kept = HERE / "results.json"
    rows = json.loads(kept.read_text())
    for name in sys.argv[1:] or SECTIONS:
        if (made := SECTIONS[name]()) is not None:
            rows[name] = {"day": str(datetime.date.today()), "rows": made}
            kept.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    write(rows)


if __name__ == "__main__":
    main()
