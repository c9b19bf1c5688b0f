#!/usr/bin/env python3
"""Requests a second and their times, of `deltarule serve` with one row in each request.

    cargo build --release
    python3 benchmarks/serve.py

Needs Python 3.11 or later and nothing beside it. The server has one core to itself (taskset, where there is one) and one thread;
the clients have the others. Every connection is kept alive and sends its next request when it has the answer to the one before, but in
the part that is paced, where requests are due at fixed times and a time counts from when a request was due. Every answer is compared
with the one that `deltarule predict` gives. While requests go on, the last part sends what a server must survive: malformed and oversized bodies,
clients that stop half-way, and another model in the place of the model's file.
"""

import argparse
import encodings.idna  # noqa: F401: looked up by sockets; clients are forked while threads run, and a lock of an import would stay locked in them
import json
import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "diabetes.csv"


class Connection:
    """A connection that is kept alive."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def ask(self, request):
        """Sends a request, and gives the body of its answer, which must be 200."""
        self.socket.sendall(request)
        answer = self.rest
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self.receive()
        head, body = answer[:end], answer[end + 4 :]
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"found {head!r} {body!r}, expected an answer")
        at = head.lower().index(b"content-length: ") + 16
        length = int(head[at : at + 20].split(b"\r")[0])
        while len(body) < length:
            body += self.receive()
        self.rest = body[length:]
        return body[:length]

    def receive(self):
        part = self.socket.recv(65536)
        if not part:
            raise SystemExit("the server closed a connection that it should have kept")
        return part


def post(body):
    """A request as bytes."""
    head = f"POST /predict HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def client(address, work, seconds, pace):
    """One connection: sends requests for some time, compares the answers, and gives the times."""
    connection = Connection(address)
    times = []
    begin = time.perf_counter()
    due, k = begin, 0
    while True:
        now = time.perf_counter()
        if pace:
            due += pace
            if due > now:
                time.sleep(due - now)
        else:
            due = now
        if due - begin > seconds:
            break
        request, expected = work[k % len(work)]
        body = connection.ask(request)
        times.append(time.perf_counter() - due)
        if body not in expected:
            raise SystemExit(f"found {body!r}, expected one of {expected}")
        k += 1
    return times


def measure(name, address, work, connections, seconds, rate=None):
    """Some connections at once, each a process of its own, so that no client waits for another one; prints a line."""
    pipes, children = [], []
    begin = time.perf_counter()
    for _ in range(connections):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(read)
                times = client(address, work, seconds, connections / rate if rate else None)
                with os.fdopen(write, "w") as out:
                    out.write(" ".join(f"{t:.7f}" for t in times))
                code = 0
            except SystemExit as error:
                print(error, file=sys.stderr)
            finally:
                os._exit(code)
        os.close(write)
        pipes.append(read)
        children.append(child)
    times = []
    for read in pipes:
        with os.fdopen(read) as text:
            times += [float(t) for t in text.read().split()]
    took = time.perf_counter() - begin
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit(f"{name}: a client failed")
    times.sort()
    at = lambda share: 1000 * times[min(len(times) - 1, int(share * len(times)))]
    row = (name, connections, len(times) / took, at(0.5), at(0.99), at(0.999), 1000 * times[-1])
    print("  {:<34}{:>12}{:>14.0f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}".format(*row), flush=True)


def trouble(address, stop, swap):
    """What a server must survive, again and again."""
    counts = {"malformed": 0, "oversized": 0, "half-way": 0, "replaced": 0}
    held = []
    while not stop.is_set():
        for body in (b"{", b"[1]", b'{"age": []}', b"\xff\xfe"):
            with socket.create_connection(address, timeout=30) as s:
                s.sendall(post(body))
                assert s.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 422"))
            counts["malformed"] += 1
        with socket.create_connection(address, timeout=30) as s:
            s.sendall(b"POST /predict HTTP/1.1\r\nhost: bench\r\ncontent-length: 4000000\r\n\r\n" + b" " * 65536)
            assert s.recv(100).startswith(b"HTTP/1.1 413")
        counts["oversized"] += 1
        # A head or a body that is never completed.
        for begin in (b"POST /predict HT", b"POST /predict HTTP/1.1\r\nhost: bench\r\ncontent-length: 100\r\n\r\n{"):
            s = socket.create_connection(address, timeout=30)
            s.sendall(begin)
            held.append(s)
            counts["half-way"] += 1
        while len(held) > 200:
            held.pop(0).close()
        if swap(counts["replaced"]):
            counts["replaced"] += 1
        time.sleep(0.02)
    for s in held:
        s.close()
    return counts


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--program", default=ROOT / "target/release/deltarule", help="the program to measure")
    arguments.add_argument("--seconds", type=float, default=10.0, help="how long each part goes on")
    options = arguments.parse_args()
    program = pathlib.Path(options.program).resolve()
    if not program.exists():
        raise SystemExit(f"{program}: there is no such file; run cargo build --release first, or name it with --program")

    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run = lambda *a: subprocess.run([program, *a], cwd=folder, check=True, capture_output=True, text=True).stdout
        models = []
        for k, extra in enumerate([[], ["--l2", "0.1"]]):
            run("train", EXAMPLE, "--target", "progression", "--out", f"{k}.json", "--quiet", *extra)
            models.append(run("predict", f"{k}.json", EXAMPLE).split()[1:])
        shutil.copy(folder / "0.json", folder / "model.json")
        names, *rows = [line.split(",") for line in EXAMPLE.read_text().split()]
        work = []
        for r, row in enumerate(rows):
            fields = ", ".join(f'"{name}": {x}' for name, x in zip(names, row) if name != "progression")
            answers = ['{"predictions":[{"predicted_progression":%s}]}\n' % model[r] for model in models]
            work.append((post(f"{{{fields}}}".encode()), [a.encode() for a in answers]))

        command = [program, "serve", "model.json", "--port", "0", "--threads", "1", "--timeout", "5"]
        pinned = len(cores) > 1 and shutil.which("taskset")
        if pinned:
            command = ["taskset", "-c", str(cores[0]), *command]
            os.sched_setaffinity(0, cores[1:])
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            host, port = server.stdout.readline().split("http://")[1].split(":")
            address = (host, int(port))
            cpu = next((l.split(": ")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
            where = f"held to core {cores[0]}" if pinned else "not held to a core"
            print(f"{time.strftime('%Y-%m-%d')}, {cpu}, {len(cores) or os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}; server: 1 thread, {where}")
            print("  {:<34}{:>12}{:>14}{:>10}{:>10}{:>10}{:>10}".format("requests of one row, 10 columns", "connections", "requests/s", "p50 ms", "p99 ms", "p99.9", "largest"))
            measure("(warming up)", address, work, 1, min(1.0, options.seconds))
            measure("as fast as they go", address, work, 1, options.seconds)
            measure("as fast as they go", address, work, 8, options.seconds)
            measure("1,000 a second", address, work, 8, options.seconds, rate=1000)

            def swap(k, last=[time.perf_counter()]):
                if time.perf_counter() - last[0] < 2.0:
                    return False
                last[0] = time.perf_counter()
                # Every other time in between it is no model at all.
                text = (folder / f"{(k + 1) // 2 % 2}.json").read_text() if k % 2 == 0 else "no model"
                (folder / "next.json").write_text(text)
                os.replace(folder / "next.json", folder / "model.json")
                return True

            stop, counts = threading.Event(), {}
            thread = threading.Thread(target=lambda: counts.update(trouble(address, stop, swap)))
            thread.start()
            measure("1,000 a second, beside trouble", address, work, 8, options.seconds, rate=1000)
            stop.set()
            thread.join()
            print("  trouble: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
            health = socket.create_connection(address, timeout=10)
            health.sendall(b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")
            text = b""
            while part := health.recv(65536):
                text += part
            for line in text.decode().split("\n"):
                if line.startswith(("deltarule_requests_total", "deltarule_model_reloads")):
                    print(f"  {line}")
            memory = pathlib.Path(f"/proc/{server.pid}/status")
            if memory.exists():
                peak = next(l.split()[1] for l in memory.read_text().split("\n") if l.startswith("VmHWM"))
                print(f"  largest memory of the server: {int(peak) / 1024:.1f} MiB")
        finally:
            server.terminate()
            code = server.wait(timeout=30)
        print(f"  the server ended with exit code {code}")


if __name__ == "__main__":
    main()
