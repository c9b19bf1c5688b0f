"""Exported models against the command's own predictions, to 1e-12: ONNX in onnxruntime, SQL in SQLite and DuckDB, C by cc.

    make exports        or: python verify.py PATH/OF/deltarule

Each model is trained once by the program; for every activation its file then gets that activation's name, which is a model as good as
any to predict with. Weights are also taken a hundredfold, so that every f is asked far out.
"""

import csv
import datetime
import io
import json
import math
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-12
START = datetime.datetime(1970, 1, 1)
ACTIVATIONS = "identity sigmoid tanh relu leaky-relu elu softplus softsign gelu silu exp step".split()
FORMULAS = [
    "h / (1 + abs(h))",
    "-h^2 + 2 * h - 0.5",
    "max(h, 0.1 * h) - min(h, 2) + relu(h - 1)",
    "erf(h) + sign(h) / 4",
    "log1p(exp(-abs(h))) + expm1(-abs(h))",
    "sin(h) * cos(2 * h) + tan(h / 9) + sqrt(h * h + 1)",
    "sinh(h / 100) + cosh(h / 100) + asinh(h) + acosh(1 + h^2) + atanh(tanh(h / 3) / 2)",
    "ln(1 + h^2) + sigmoid(3 - h) + softplus(h) + 2^(h / 50)",
    "max(ln(abs(h)), -3)",
]
NOT_IN_ONNX = "atan(h) + asin(h / 1000) + acos(h / 1000)"

PROGRAM = str(Path(sys.argv[1]).resolve())
FOLDER = tempfile.TemporaryDirectory()
HERE = Path(FOLDER.name)


def run(*arguments, fails=False):
    done = subprocess.run([PROGRAM, *arguments], cwd=HERE, capture_output=True)
    if fails:
        assert done.returncode == 2, done
        return done.stderr.decode()
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


def table(rows, seed, missing):
    """A table with numbers, a boolean, categories, awkward names and levels; and rows that training has not seen."""
    draw = random.Random(seed)
    levels = ["Köln", "O'Brien", 'say "hi"', "a,b", "??/x*/", "Ulm", "back\\slash"]
    names = ['size', 'when?', 'class', 'größe "m"', 'heated', 'city', 'zip']
    lines = []
    for r in range(rows):
        size, when, klass = draw.gauss(40, 20), draw.gauss(1.7e9, 1e7), draw.choice([1e-7, 2e-7, 5e-7])
        heated, city, code = draw.choice(["true", "false"]), draw.choice(levels), draw.choice(["01067", "50667", "89073"])
        number = draw.gauss(-3, 0.01)
        score = size / 20 + (when - 1.7e9) / 1e7 + (heated == "true") - len(city) / 4 + draw.gauss(0, 0.3)
        row = [size, when, klass, number, heated, city, code]
        if missing and r % 5 == 0:
            row[draw.randrange(len(row))] = ""
        if r >= rows - 20:
            row[5] = draw.choice(["Rom", "köln", "Ulm "[:3]])
        lines.append([*row, score, "yes" if score > 1 else "no", ["low", "mid", "high"][(score > 0) + (score > 2)], -score])
    return names, lines


def write_csv(path, header, lines):
    with open(HERE / path, "w", newline="") as file:
        csv.writer(file).writerows([header, *lines])


def predictions(model, data, classes):
    text = run("predict", model, data, "--quiet", *(["--proba"] if classes else [])).decode()
    # An empty line is a row of one empty field.
    return [row or [""] for row in csv.reader(io.StringIO(text))]


def same(found, expected, where):
    """A prediction of another form beside the command's text: a class, a number, or nothing."""
    if expected == "":
        assert found is None or found == "" or (isinstance(found, float) and math.isnan(found)), (where, found)
    elif isinstance(found, str):
        assert found == expected, (where, found, expected)
    else:
        value = float(expected)
        if not math.isfinite(value):
            # SQL has NULL for what is not a number, and for an overflow.
            assert found is None or math.isnan(found) and math.isnan(value) or found == value, (where, found, value)
            return
        assert found is not None, (where, value)
        assert abs(found - value) <= TOLERANCE * max(1.0, abs(value)), (where, found, value)


def compare(rows, expected, where):
    assert len(rows) == len(expected) - 1, (where, len(rows), len(expected))
    for number, (row, wanted) in enumerate(zip(rows, expected[1:])):
        assert len(row) == len(wanted), (where, row, wanted)
        for found, text in zip(row, wanted):
            same(found, text, (where, number))


class Moment:
    """A date: its text as a table has it, another text that SQL reads, and its seconds from 1970-01-01 00:00."""

    def __init__(self, text, plain, seconds):
        self.text, self.plain, self.seconds = text, plain, seconds

    def __str__(self):
        return self.text


def columns_of(model):
    """The columns that the features are made of, with what they hold."""
    columns = {}
    for feature in model["features"]:
        if "product" in feature or "pair" in feature:
            continue
        if "date" in feature:
            columns.setdefault(feature["date"]["column"], "date")
        else:
            columns.setdefault(feature.get("missing", feature["name"]), feature["kind"])
    return columns


def check_onnx(path, model, header, lines, expected, where):
    network = onnx.load(HERE / path)
    onnx.checker.check_model(network, full_check=True)
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    kinds = columns_of(model)
    sparse = "sparse" in kinds.values()
    assert [given.name for given in session.get_inputs()] == list(kinds), where
    for batch in (len(lines), 1, 0):
        inputs = {}
        for name, kind in kinds.items():
            if sparse:
                inputs[name] = np.array(lines[:batch], dtype=np.float64).reshape(batch, len(header))
                continue
            column = [line[header.index(name)] for line in lines[:batch]]
            if kind == "category":
                inputs[name] = np.array([str(value) for value in column], dtype=object).reshape(batch, 1)
            elif kind == "date":
                seconds = [math.nan if value == "" else value.seconds for value in column]
                inputs[name] = np.array(seconds, dtype=np.float64).reshape(batch, 1)
            else:
                truth = {"true": 1.0, "false": 0.0, "": math.nan}
                numbers = [truth.get(value, value) if isinstance(value, str) else value for value in column]
                inputs[name] = np.array(numbers, dtype=np.float64).reshape(batch, 1)
        outputs = session.run(None, inputs)
        columns = np.concatenate([output.astype(object) for output in outputs], axis=1)
        assert columns.shape == (batch, len(expected[0])), (where, columns.shape)
        compare(columns.tolist(), expected[: batch + 1], (*where, "onnx", batch))
    metadata = session.get_modelmeta().custom_metadata_map
    dates = [name for name, kind in kinds.items() if kind == "date"]
    assert json.loads(metadata.get("seconds", "[]")) == dates, where
    if "classes" in model["target"]:
        assert json.loads(metadata["classes"]) == model["target"]["classes"], where


def check_sql(path, model, header, lines, expected, where):
    expressions = (HERE / path).read_text()
    kinds = columns_of(model)
    quoted = ['"' + name.replace('"', '""') + '"' for name in header]
    databases = [("sqlite", sqlite3.connect(":memory:"), "VARCHAR"), ("duckdb", duckdb.connect(), "VARCHAR")]
    if "date" in kinds.values():
        databases.append(("duckdb", duckdb.connect(), "TIMESTAMP"))
    for name, connection, dates in databases:
        types = {"category": "VARCHAR", "boolean": "BOOLEAN", "date": dates}
        columns = [f"{column} {types.get(kinds.get(name), 'DOUBLE')}" for column, name in zip(quoted, header)]
        connection.execute(f"CREATE TABLE t ({', '.join(columns)})")
        truth = {"true": True, "false": False, "": None}
        rows = [[truth.get(value, value) if isinstance(value, str) else value for value in line] for line in lines]
        moment = lambda value: value.plain if dates == "VARCHAR" else START + datetime.timedelta(seconds=value.seconds)
        rows = [[moment(value) if isinstance(value, Moment) else value for value in line] for line in rows]
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(header))})", rows)
        found = connection.execute(f"SELECT\n{expressions}\nFROM t")
        names = [column[0] for column in found.description]
        assert names == expected[0], (where, names, expected[0])
        compare([list(row) for row in found.fetchall()], expected, (*where, name))


def c_text(value):
    if value == "":
        return "NULL"
    return '"' + "".join(f"\\{byte:03o}" for byte in str(value).encode()) + '"'


def check_c(path, model, header, lines, expected, where):
    """The rows as initialisers, in the order of the struct's members."""
    source = [f'#include "{path}"', "#include <stdio.h>"]
    classes = model["target"].get("classes")
    sparse = model["features"][0]["kind"] == "sparse"
    if sparse:
        for r, line in enumerate(lines):
            pairs = [(int(name), value) for name, value in zip(header, line) if value != 0.0] + [(999999, 5.0)]
            source.append(f"static const unsigned long i{r}[] = {{ {', '.join(f'{i}UL' for i, _ in pairs)} }};")
            source.append(f"static const double v{r}[] = {{ {', '.join(repr(v) for _, v in pairs)} }};")
    source.append("static const struct deltarule_input rows[] = {")
    for r, line in enumerate(lines):
        if sparse:
            source.append(f"{{ sizeof v{r} / sizeof *v{r}, i{r}, v{r} }},")
            continue
        members = []
        for name, kind in columns_of(model).items():
            value = line[header.index(name)]
            if kind in ("category", "date"):
                members.append(c_text(value))
            else:
                members.append({"": "NAN", "true": "1.0", "false": "0.0"}.get(value, repr(value)))
        source.append("{ " + ", ".join(members) + " },")
    source += ["};", "int main(void)", "{", "    size_t r;"]
    source += ["    for (r = 0; r < sizeof rows / sizeof *rows; r++) {", "        struct deltarule_output out;"]
    source += ["        const int missing = deltarule_predict(&rows[r], &out);"]
    text = (HERE / path).read_text()
    members = text.split("struct deltarule_output {\n")[1].split("};")[0]
    names = [line.split(";")[0].split()[-1].lstrip("*") for line in members.splitlines() if line.endswith(";")]
    for name in names:
        kind = '"%s,", missing ? "" : out.' if classes else '"%.17g,", out.'
        source.append(f"        printf({kind}{name});")
    for k in range(len(classes or [])):
        source.append(f'        printf("%.17g,", out.p[{k}]);')
    source += ['        printf("%d\\n", missing);', "    }", "    return 0;", "}"]
    (HERE / "main.c").write_text("\n".join(source) + "\n")
    subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o", "main", "main.c", "-lm"], cwd=HERE, check=True)
    output = subprocess.run(["./main"], cwd=HERE, check=True, capture_output=True).stdout.decode()
    rows = []
    for line, wanted in zip(output.splitlines(), expected[1:], strict=True):
        # Classes here have no commas in them.
        *values, missing = line.split(",")
        assert (missing == "1") == (wanted[0] == ""), (where, line, wanted)
        rows.append(values[:1] + [float(value) for value in values[1:]] if classes else [float(value) for value in values])
    compare(rows, expected, (*where, "c"))


FORMS = {"onnx": check_onnx, "sql": check_sql, "c": check_c}


def verify(model, header, lines, data, where, forms=FORMS):
    path = "m.json"
    (HERE / path).write_text(json.dumps(model))
    expected = predictions(path, data, "classes" in model["target"])
    for form in forms:
        run("export", path, "--to", form, "--out", f"m.{form}", "--force")
        FORMS[form](f"m.{form}", model, header, lines, expected, where)


def steeper(model, factor):
    model = json.loads(json.dumps(model))
    for output in model["outputs"]:
        output["bias"] *= factor
        for weight in output["weights"]:
            weight["weight"] *= factor
    return model


def check_tables():
    names, lines = table(160, 1, missing=False)
    targets = ["score", "yes", "grade", "minus"]
    header = names + targets
    write_csv("train.csv", header, lines)
    _, new = table(60, 2, missing=True)
    write_csv("new.csv", header, new)
    features = [line[: len(names)] for line in new]
    checked = 0
    for target, missing in [("score", "mean"), ("yes", "error"), ("grade", "mean"), ("score,minus", "drop"), ("grade", "error")]:
        drop = ",".join(name for name in targets if name not in target.split(","))
        run("train", "train.csv", "--target", target, "--drop", drop, "--categorical", "zip", "--missing", missing,
            "--epochs", "60", "--quiet", "--out", "trained.json", "--force")
        trained = json.loads((HERE / "trained.json").read_text())
        of_classes = ["softmax"] if target == "grade" else []
        for activation in [*ACTIVATIONS, *of_classes, *FORMULAS]:
            for factor in (1.0, 100.0):
                if factor > 1.0 and activation in FORMULAS:
                    continue
                model = steeper(trained, factor) | {"activation": activation}
                # All of C is compiled for two of the targets; the others differ in their loops only.
                forms = FORMS if target in ("score", "yes") and factor == 1.0 or activation in ("sigmoid", "softmax") else ["onnx", "sql"]
                verify(model, names, features, "new.csv", (target, missing, activation, factor), forms)
                checked += 1
    # What is missing or rare as levels and inputs of their own.
    _, gaps = table(160, 5, missing=True)
    write_csv("gaps.csv", header, gaps)
    for target, options in [("score", ["mean+flag"]), ("grade", ["level", "--min-count", "25"]), ("yes", ["mean", "--min-count", "25"])]:
        drop = ",".join(name for name in targets if name != target)
        run("train", "gaps.csv", "--target", target, "--drop", drop, "--categorical", "zip", "--missing", *options,
            "--epochs", "60", "--quiet", "--out", "gaps.json", "--force")
        verify(json.loads((HERE / "gaps.json").read_text()), names, features, "new.csv", (target, *options))
        checked += 1
    model = trained | {"activation": NOT_IN_ONNX}
    verify(model, names, features, "new.csv", ("grade", NOT_IN_ONNX), ["sql", "c"])
    message = run("export", "m.json", "--to", "onnx", fails=True)
    assert "atan is not there in onnx" in message and "--to c" in message, message
    return checked


def verify_trained(options, header, train, new, names, features, where):
    write_csv("train.csv", header, train)
    write_csv("new.csv", header, new)
    run("train", "train.csv", "--epochs", "60", "--quiet", "--out", "trained.json", "--force", *options)
    model = json.loads((HERE / "trained.json").read_text())
    verify(model, names, features, "new.csv", where)
    return model


def check_combined():
    """Powers and products of numbers, slopes of levels, pairs of levels; with levels that are missing, rare or new."""
    combinations = "size:when?,size:heated,heated:class,city:size,heated:city,city:zip"
    checked = 0
    for target, rule in [
        ("score", ["mean"]),
        ("yes", ["error"]),
        ("grade", ["mean+flag", "--min-count", "25"]),
        ("score,minus", ["level", "--min-count", "25"]),
        ("grade", ["drop"]),
    ]:
        names, lines = table(160, 7, missing=rule[0] in ("mean+flag", "level"))
        targets = ["score", "yes", "grade", "minus"]
        _, new = table(60, 8, missing=True)
        drop = ",".join(name for name in targets if name not in target.split(","))
        options = ["--target", target, "--drop", drop, "--categorical", "zip", "--interact", combinations, "--poly", "size:3,class:2,when?:2"]
        model = verify_trained(
            [*options, "--missing", *rule], names + targets, lines, new, names, [line[: len(names)] for line in new], ("combined", target, *rule)
        )
        made = [feature for feature in model["features"] if "product" in feature or "pair" in feature]
        assert len(made) > 12 and sum("pair" in feature for feature in made) == 1, [feature["name"] for feature in made]
        checked += 1
    return checked


NAMES = "January February March April May June July August September October November December".split()


def a_moment(draw, low, high, pattern):
    """A date at random, more often where a calendar has its edges; written in one of the ways that are read."""
    day = datetime.date(draw.randint(low, high), 1, 1) + datetime.timedelta(days=draw.randrange(365))
    if draw.random() < 0.4:
        year = draw.choice([y for y in (1600, 1900, 1968, 1969, 1970, 2000, 2024, 2100, 2400) if low <= y <= high])
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        day = datetime.date(year, *draw.choice([(1, 1), (12, 31), (2, 29 if leap else 28), (3, 1), (2, 28)]))
    hour, minute, second = draw.choice([(0, 0, 0), (23, 59, 59), (draw.randrange(24), draw.randrange(60), draw.randrange(60))])
    if pattern and "%H" not in pattern and "%I" not in pattern:
        hour = minute = second = 0
    elif pattern and "%S" not in pattern:
        second = 0
    moment = datetime.datetime(day.year, day.month, day.day, hour, minute, second)
    seconds = float((moment - START) // datetime.timedelta(seconds=1))
    plain = moment.isoformat(sep=" ")
    y, m, d = f"{day.year:04}", day.month, day.day
    if pattern:
        if pattern == "%s":
            return Moment(str(int(seconds)), plain, seconds) if seconds >= 0 else Moment(plain, plain, seconds)
        text = moment.strftime(pattern.replace("%.f", ".25").replace("%z", "+0130"))
        same = "%p" not in pattern and "%b" not in pattern and "%B" not in pattern
        return Moment(text, text if same and draw.random() < 0.7 else plain, seconds)
    dates = [(f"{y}-{m:02}-{d:02}", True), (f"{y}/{m:02}/{d:02}", True), (f"{y}.{m:02}.{d:02}", True), (f"{y}{m:02}{d:02}", True), (f"{y}-{m}-{d}", m > 9 and d > 9)]
    dates += [(f"{d} {NAMES[m - 1]} {y}", False), (f"{NAMES[m - 1][:3].upper()} {d}, {y}", False), (f"{d:02}-{NAMES[m - 1][:3]}-{y}", False)]
    date, same = draw.choice(dates)
    times = [(f"{draw.choice(' Tt')}{hour:02}:{minute:02}:{second:02}", True)]
    if hour < 10:
        times.append((f" {hour}:{minute:02}:{second:02}", False))
    times = [(time + tail, same) for time, same in times for tail in ("", ".5", ".123456Z", "Z", " UTC", "+02:00", ".25 -0930", "-05")]
    if second == 0:
        times += [(f"T{hour:02}:{minute:02}{tail}", True) for tail in ("", "Z", "+0530")]
    if (hour, minute, second) == (0, 0, 0):
        times += 20 * [("", True)]
    time, same_time = draw.choice(times)
    return Moment(date + time, date + time if same and same_time else plain, seconds)


def check_dates():
    draw = random.Random(11)
    header = ["when", "size", "city", "y", "kind", "class"]
    checked = 0
    for pattern, target, missing, combined in [
        (None, "y", ["mean"], True),
        (None, "kind", ["mean+flag"], False),
        (None, "class", ["level", "--min-count", "5"], True),
        (None, "y", ["drop"], False),
        ("%d.%m.%Y", "class", ["error"], False),
        ("%d/%m/%y %H:%M", "y", ["mean"], False),
        ("%A %d %B %Y %I:%M:%S %p", "kind", ["mean"], False),
        ("%H:%M:%S%.f %z on %b %e %Y", "y", ["mean+flag"], False),
        ("%s", "y", ["mean"], False),
    ]:

        def rows(n, low, high, gaps):
            lines = []
            for r in range(n):
                moment = a_moment(draw, low, high, pattern)
                size, city = draw.gauss(40, 20), draw.choice(["Ulm", "Bonn", "Köln"])
                year = 1970 + moment.seconds / 86400 / 365.25
                y = (year - 1990) / 20 + size / 40 + (moment.seconds % 86400 > 43200) + draw.gauss(0, 0.2)
                line = [moment, size, city, y, "yes" if y > 1 else "no", ["low", "mid", "high"][(y > 0) + (y > 2)]]
                if gaps and r % 4 == 0:
                    line[draw.choice([0, 0, 1, 2])] = ""
                lines.append(line)
            return lines

        low, high = (1970, 2060) if pattern and "%y" in pattern else (1600, 2400)
        train = rows(300, max(low, 1950), min(high, 2030), missing[0] in ("mean", "mean+flag", "level"))
        new = rows(250, low, high, True)
        names = header[:3]
        drop = ",".join({"y", "kind", "class"} - {target})
        options = ["--target", target, "--drop", drop, "--date", f"when:{pattern}" if pattern else "when", "--missing", *missing]
        options += ["--interact", "size:city", "--poly", "size:2"] if combined else []
        model = verify_trained(options, header, train, new, names, [line[:3] for line in new], ("dates", pattern, target, *missing))
        assert sum("date" in feature for feature in model["features"]) >= 4, model["features"]
        checked += 1
        if pattern is None or pattern == "%d.%m.%Y":
            check_no_dates(names, pattern)
    return checked


def check_no_dates(names, pattern):
    """What is no date is refused by predict, NULL in SQL, and 2 in C."""
    wrong = ["", "31.04.2024", "2023-02-29", "2024-13-01", "2024-00-10", "2024-05-00", "24-05-31", "2024-05-31x", "2024-05-31T24:00", "2024-05-31 10:60"]
    wrong += ["2024-05-31 10:00:60", "2024-05-31 10:00:123", "2024-05-31 10:001", "May 2024", "yesterday", "202405311", "2024-05/31", "2024-05-31 ", "1900-02-29"]
    wrong += ["2024-05-31 10:00:00x", "2024-05-31 1000", " 2024-05-31", "2024-05-31T", "2024-05-31 10:00:00 CET", "-2024-05-31", "31 Mayo 2024", "1/2/2024"]
    wrong += ["2024-05-31T10:00+1", "2024-05-31T10:00+001", "2024-05-31 10:00:00+", "2024-05-31 10:00:00.", "2024-05-31 10:00:00.5+1"]
    wrong += ["2024-05-31 10:00+25:00", "2024-05-31T10:00:00.25-2400", "2024-05-31T10:00:00 +02:60", "2024-05-31 10:00 -24", "2024-05-31T10:00+0299"]
    run("export", "m.json", "--to", "sql", "--out", "m.sql", "--force")
    run("export", "m.json", "--to", "c", "--out", "m.c", "--force")
    (HERE / "wrong.csv").write_text(",".join(names) + "\nyesterday,1,Ulm\n")
    message = run("predict", "m.json", "wrong.csv", fails=True)
    assert 'found "yesterday", expected a date' in message, message
    expressions = (HERE / "m.sql").read_text()
    for connection in (sqlite3.connect(":memory:"), duckdb.connect()):
        connection.execute('CREATE TABLE t ("when" VARCHAR, "size" DOUBLE, "city" VARCHAR)')
        connection.executemany("INSERT INTO t VALUES (?, 1.0, 'Ulm')", [[text] for text in wrong])
        for row in connection.execute(f'SELECT "when",\n{expressions}\nFROM t').fetchall():
            assert all(value is None for value in row[1:]), (pattern, row)
    source = ['#include "m.c"', "#include <stdio.h>", "static const char *const texts[] = {"]
    source += [f"{c_text(text) if text else chr(34) * 2}," for text in wrong]
    source += ["};", "int main(void)", "{", "    size_t r;", "    for (r = 0; r < sizeof texts / sizeof *texts; r++) {"]
    source += ['        const struct deltarule_input in = { .when = texts[r], .size = 1.0, .city = "Ulm" };']
    source += ["        struct deltarule_output out;", '        printf("%d\\n", deltarule_predict(&in, &out));', "    }", "    return 0;", "}"]
    (HERE / "wrong.c").write_text("\n".join(source) + "\n")
    subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o", "wrong", "wrong.c", "-lm"], cwd=HERE, check=True)
    codes = subprocess.run(["./wrong"], cwd=HERE, check=True, capture_output=True).stdout.decode().split()
    assert codes == ["2"] * len(wrong), (pattern, [text for text, code in zip(wrong, codes) if code != "2"])


def check_sparse():
    draw = random.Random(3)
    indices = [1, 2, 5, 9, 10, 40]
    rows = []
    for _ in range(120):
        values = {i: draw.gauss(1e6 if i == 40 else 0, 1) for i in indices if i == 40 or draw.random() < 0.3}
        label = 1 if sum(values.values()) - 1e6 + draw.gauss(0, 1) > 0 else -1
        rows.append((label, values))
    text = "".join(f"{label} " + " ".join(f"{i}:{v!r}" for i, v in values.items()) + "\n" for label, values in rows)
    (HERE / "data.libsvm").write_text(text)
    header = [str(i) for i in range(1, 41)]
    lines = [[values.get(i, 0.0) for i in range(1, 41)] for _, values in rows]
    for activation, options in [("sigmoid", []), ("identity", ["--task", "regression"])]:
        run("train", "data.libsvm", "--activation", activation, "--epochs", "40", "--quiet", "--out", "s.json", "--force", *options)
        verify(json.loads((HERE / "s.json").read_text()), header, lines, "data.libsvm", ("sparse", activation))


def check_many():
    """More terms and more levels than databases like to have in one expression."""
    draw = random.Random(4)
    names = [f"x{i}" for i in range(1500)]
    lines = [[draw.gauss(0, 1) for _ in names] + [f"level {draw.randrange(3000)}"] for _ in range(40)]
    header = [*names, "id"]
    write_csv("wide.csv", [*header, "y"], [[*line, sum(line[:9])] for line in lines])
    run("train", "wide.csv", "--target", "y", "--features", ",".join(header), "--epochs", "3", "--quiet", "--out", "w.json")
    verify(json.loads((HERE / "w.json").read_text()) | {"activation": "gelu"}, header, lines, "wide.csv", ("wide",))


def check_names():
    """A column that is called as the prediction is, and one like the names between inputs and outputs."""
    header = ["predicted_y", "d_h", "deltarule/x"]
    lines = [[float(i), float(i * i % 7), float(i % 3)] for i in range(30)]
    write_csv("names.csv", [*header, "y"], [[*line, sum(line)] for line in lines])
    run("train", "names.csv", "--target", "y", "--features", ",".join(header), "--quiet", "--out", "n.json", "--epochs", "20")
    verify(json.loads((HERE / "n.json").read_text()) | {"activation": "softplus"}, header, lines, "names.csv", ("names",))


def main():
    checked = check_tables()
    checked += check_combined()
    checked += check_dates()
    check_sparse()
    check_many()
    check_names()
    print(f"exports: {checked + 4} models, each as predict has it to {TOLERANCE}")


main()
