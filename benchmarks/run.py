"""deltarule beside its peers on the same data: whole processes, interleaved, medians. `make bench` runs it.

It makes its data (1,000,000 records of 30 numbers; a pair of columns correlated 0.99; units of very different size), puts the quality
that each reaches beside its time, and writes results.md with the date and the machine.
"""

import datetime
import json
import os
import pathlib
import platform
import re
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
        training = result["training"]
        if "targets" in training:
            return f"R² {training['targets'][0]['model']['r_squared']:.5f}"
        return f"accuracy {training['model']['accuracy']:.4f}"
    found = re.search(r"r_squared (\S+)", printed)
    return f"R² {float(found[1]):.5f}" if found else ""


def deltarule(command, data, *options):
    return [str(PROGRAM), command, str(DATA / data), *options, "--json"]


def peer(name, *options):
    return [sys.executable, str(HERE / "peers.py"), name, str(DATA), *options]


def steps():
    """Milliseconds of one full-batch sigmoid step on data in memory."""
    rows = []
    shapes = [(8_000_000, 16, "float32"), (4_000_000, 64, "float32"), (500_000, 512, "float32"), (120_000, 2000, "float32"),
              (8_000_000, 16, "float64")]
    for n, d, kind in shapes:
        short = "f32" if kind == "float32" else "f64"
        command = ["cargo", "bench", "-q", "-p", "deltarule-core", "--bench", "step", "--", f"{n}x{d}:{short}"]
        ours, shares, theirs = [], [], []
        for _ in range(3):
            output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
            fields = output.strip().splitlines()[-1].split()
            ours.append(float(fields[3]))
            shares.append(float(fields[5]))
            printed = timed(peer("numpy_step", f"{n}:{d}:{kind}"))[1]
            theirs.append(float(printed.split()[1]))
        a, b = statistics.median(ours), statistics.median(theirs)
        rows.append(f"| {n:,} × {d} {short} | {a:.1f} | {b:.1f} | {b / a:.2f} | {statistics.median(shares):.0f} % |")
        print(rows[-1], flush=True)
    return rows


def rate(epochs, output_of):
    """Records per second of one record a step, from the difference of a long and a short run."""
    long, short = (statistics.median(timed(output_of(k))[0] for _ in range(RUNS)) for k in (epochs, 5))
    return (epochs - 5) * RECORDS / (long - short)


def main():
    make_data()
    stochastic = ["--target", "y", "--batch", "1", "--epochs", "5"]
    table = []
    table += compare("CSV → model, 5 epochs of one record a step", deltarule("train", "numbers.csv", *stochastic),
                     {"pandas + SGDRegressor": peer("pandas_sklearn"), "VW, one pass over its own text": peer("vw")})
    table += compare("Parquet → model, the same", deltarule("train", "numbers.parquet", *stochastic),
                     {"polars + SGDRegressor": peer("polars_sklearn")})
    table += compare("CSV → least squares, on defaults", deltarule("train", "numbers.csv", "--target", "y"),
                     {"pandas + LinearRegression": peer("pandas_least_squares")})
    gd = ["--target", "y", "--optimizer", "gd", "--tolerance", "0", "--eta", "0.1"]
    table += compare("Parquet, identity, 10,000 plain steps", deltarule("train", "numbers.parquet", *gd, "--epochs", "10000"),
                     {"deltarule, one step": deltarule("train", "numbers.parquet", *gd, "--epochs", "1")})
    runs = ["--target", "c", "--epochs", "20"]
    table += compare("sweep of 16 η, sigmoid, 20 epochs",
                     deltarule("sweep", "classes.parquet", *runs, "--eta", "0.1..10", "--points", "16"),
                     {"deltarule, one run": deltarule("train", "classes.parquet", *runs, "--optimizer", "gd", "--eta", "1")})
    ours = rate(25, lambda k: deltarule("train", "numbers.csv", "--target", "y", "--batch", "1", "--epochs", str(k), "--tolerance", "0"))
    printed = timed(peer("pandas_sklearn"))[1]
    theirs = float(re.search(r"records_per_second (\S+)", printed)[1])
    step_rows = steps()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    text = f"""# Results

Made by `make bench` on {datetime.date.today()}: {cpu}, {os.cpu_count()} cores, {platform.system()}. Whole processes, {RUNS} interleaved runs each,
medians in seconds; {RECORDS:,} records of 30 numbers. The ratio is deltarule's time to that of the row: below 1, deltarule is quicker.

| work | program | seconds | ratio | quality reached |
|---|---|---|---|---|
{chr(10).join(table)}

One record a step, in memory, shuffle and E of every epoch included: {ours / 1e6:.1f} million records a second; SGDRegressor: {theirs / 1e6:.1f} million
({ours / theirs:.1f} times).

One full-batch sigmoid step, data in memory; deltarule scales raw columns on the way, numpy has scaled data. Milliseconds, and the share of the
memory's read bandwidth, measured in the same run, that deltarule reaches:

| table | deltarule | numpy | times as quick | bandwidth |
|---|---|---|---|---|
{chr(10).join(step_rows)}
"""
    (HERE / "results.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
