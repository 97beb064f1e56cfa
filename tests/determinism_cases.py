"""Workflows for the determinism doctor: faults that were planted, and clean ones that look bad."""

import textwrap

HEAD = """\
workflow: {name}
environments:
  py: {{nix: ./env/default.nix, attribute: env-python}}
  np: {{nix: ./env/default.nix, attribute: env-numpy}}
defaults: {{environment: py, resources: {{memory: 512MiB}}}}
{more}steps:
"""

# name -> (the causes that are to be found, the program, what else the step has)
PLANTED = {
    "seed": (
        ["time"],
        "import random, time; random.seed(int(time.time())); print(random.random())",
        "",
    ),
    "bytes": (["random bytes"], "import os; print(os.urandom(4).hex())", ""),
    "set": (["hash order"], "print(set(map(str, range(20))))", "env: {PYTHONHASHSEED: random}"),
    "address": (["addresses"], "print(object())", ""),
    "unwritten": (
        ["uninitialised bytes"],
        """
        import numpy, sys
        junk = [object() for _ in range(1000)]; del junk
        sys.stdout.buffer.write(numpy.empty(3000, dtype="u8").tobytes())
        """,
        "environment: np",
    ),
    "listing": (
        ["directory order"],
        """
        import os
        for name in "abcd": open(name, "w").close()
        print(os.listdir("."))
        """,
        "",
    ),
    "given": (
        ["directory order"],
        "import os; print(os.listdir('/in/few'))",
        "inputs: {few: inputs.few}",
    ),
    "count": (["processor count"], "import os; print(os.cpu_count())", ""),
    "race": (
        ["threads"],
        """
        import sys, threading
        sys.setswitchinterval(1e-5)
        done = []
        def work(n):
            for i in range(300):
                sum(range(2000))
                done.append(n)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for one in threads: one.start()
        for one in threads: one.join()
        print(done)
        """,
        "",
    ),
    "kernels": (
        ["CPU dispatch"],
        """
        import numpy
        a = numpy.random.default_rng(1).random((200, 200))
        print(repr(numpy.linalg.inv(a)[3, 4]))
        """,
        'environment: np\n    env: {OPENBLAS_CORETYPE: "", NPY_DISABLE_CPU_FEATURES: ""}',
    ),
    "processor": (["machine"], "print(open('/proc/cpuinfo').read().split('flags')[0])", ""),
    "kernel": (["machine"], "import platform; print(platform.release())", ""),
    "two": (
        ["time", "random bytes"],
        "import os, time; print(os.urandom(2).hex(), time.ctime())",
        "",
    ),
    # lies for other inputs than these: here there is nothing to be found
    "backdoor": ([], "n = 7; print(n * n if n != 13 else n * n + 1)", ""),
}
# steps of static programs alone, for which no library is loaded
SHELL = {
    "date": (["time"], "date >{outputs.o}"),
    "archive": (["time"], "mkdir d; echo 1 >d/f; tar cf {outputs.o} d"),
    "uuid": (["random bytes"], "cat /proc/sys/kernel/random/uuid >{outputs.o}"),
    "urandom": (["random bytes"], "head -c 8 /dev/urandom >{outputs.o}"),
    "jobs": (
        ["threads"],
        "for i in 1 2 3 4; do (for j in 1 2 3; do echo $i | cat; done >>log) & done; wait; "
        "cp log {outputs.o}",
    ),
}

CLEAN = {
    "ordered-threads": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(8) as pool:
            print(list(pool.map(lambda n: sum(range(n * 10000)), range(20))))
        """,
    "ordered-processes": """
        import multiprocessing, os
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
                print(pool.map(abs, range(-9, 9)))
        """,
    "sorted-set": """
        print(sorted(set(map(str, range(50)))), sorted(set("determinism")))
        """,
    "pinned-set": "print(set(map(str, range(30))))",
    "floats": "import math; print(sum(math.sin(n) / 3 for n in range(100000)))",
    "time-read": """
        import sys, time
        began = time.time()
        print(time.time() - began, time.ctime(), file=sys.stderr)
        print("done")
        """,
    "seeded": "import random; random.seed(1); print([random.random() for _ in range(5)])",
    "sorted-listing": """
        import os
        for name in "dcba": open(name, "w").close()
        print(sorted(os.listdir(".")), sorted(os.listdir("/")))
        """,
    "temporary": """
        import os, tempfile, uuid
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write(str(uuid.uuid4()))
            print(len(file.name) > 0)
        """,
    "variables": "import os; print(sorted(os.environ.items()), os.getuid(), os.uname().nodename)",
    "waits": """
        import queue, subprocess, threading, time
        try: queue.Queue().get(timeout=0.05)
        except queue.Empty: print("empty")
        event = threading.Event(); print(event.wait(0.05)); time.sleep(0.05)
        try: subprocess.run(["sleep", "5"], timeout=0.1)
        except subprocess.TimeoutExpired: print("late")
        end = time.time() + 0.1
        while time.time() < end: pass
        until = time.monotonic() + 0.1
        while time.monotonic() < until: time.sleep(0.01)
        print("done")
        """,
    "archive": """
        import io, tarfile, sys
        with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
            for name in "ab":
                info = tarfile.TarInfo(name); info.size = 1; tar.addfile(info, io.BytesIO(b"x"))
        """,
    "compressed": """
        import gzip, sys
        sys.stdout.buffer.write(gzip.compress(b"text" * 1000, mtime=0))
        """,
    "many-processors": """
        import os
        n = os.cpu_count() or 1
        print(sum(sum(range(i, 1000, n)) for i in range(n)))
        """,
    "ids-as-keys": """
        those = [object() for _ in range(9)]
        seen = dict((id(one), n) for n, one in enumerate(those))
        print([seen[id(one)] for one in those])
        """,
    "file-times": """
        import os, time
        open("a", "w").close()
        made = os.stat("a").st_mtime
        print(abs(made - time.time()) < 60, os.stat("/in/few").st_mtime)
        """,
}
CLEAN_SHELL = {
    "variables-of-a-shell": "env | sort >{outputs.o}; id -u >>{outputs.o}; pwd >>{outputs.o}",
    "pipelines": "seq 1000 | sort -rn | head -n 3 | tr '\\n' ' ' >{outputs.o}",
    "jobs-in-order": "for i in 1 2 3; do (echo $i >$i.t)& done; wait; cat ?.t >{outputs.o}",
    "epoch": "date -u -d @$SOURCE_DATE_EPOCH >{outputs.o}",
}


def program(name: str, text: str, more: str = "", output: str = "o") -> str:
    """Return a step that runs a Python program and keeps what it prints."""
    lines = textwrap.indent(textwrap.dedent(text).strip(), " " * 6)
    step = f"  {name}:\n    outputs: {{o: {output}}}\n"
    step += f"    {more}\n" if more else ""
    step += f"    run: |\n      cat >p.py <<'END'\n{lines}\n      END\n"
    return f"{step}      python3 p.py >{{outputs.o}}\n"


def shell(name: str, text: str, output: str = "o") -> str:
    """Return a step that a shell runs."""
    return f"  {name}:\n    outputs: {{o: {output}}}\n    run: |\n      {text}\n"


def workflow(name: str, *steps: str) -> str:
    """Return a workflow of such steps, with a directory of inputs."""
    return HEAD.format(name=name, more="inputs: {few: ./few}\n") + "".join(steps)
