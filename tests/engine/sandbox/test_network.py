"""What one step does on its network leaves no trace for the next."""

import pytest

from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import Bench, Kept, run

pytestmark = pytest.mark.sandbox

SEEN = """
import os, pathlib
net = pathlib.Path("/proc/net")
print(os.readlink("/proc/self/ns/net"))
for name in ("dev", "snmp", "snmp6", "netstat", "tcp", "udp", "unix", "igmp", "ip6_flowlabel"):
    if (net / name).exists():
        print(name, (net / name).read_text())
"""

TRACES = {
    "a packet": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "a connection": """
served = socket.create_server(("127.0.0.1", 4711))
client = socket.create_connection(("127.0.0.1", 4711))
served.accept()[0].close()
""",
    "a name, held by a ring of sockets": """
named = socket.socket(socket.AF_UNIX)
named.bind("\\0tally")
one, other = socket.socketpair()
for sender in (one, other):
    socket.send_fds(sender, [b"x"], [one.fileno(), other.fileno(), named.fileno()])
""",
    "a flow label": """
label = struct.pack("!I", 0x12345) + struct.pack("=BBHHHI", 0, 255, 1, 100, 100, 0)
address = socket.inet_pton(socket.AF_INET6, "fd00::1")
socket.socket(socket.AF_INET6).setsockopt(socket.IPPROTO_IPV6, 32, address + label)
""",
    "a route": "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect(('::1', 9))",
    "a refusal": "socket.socket(type=socket.SOCK_DGRAM).connect_ex(('192.0.2.1', 9))",
}


def look(sandbox: Bubblewrap, bench: Bench) -> tuple[str, str]:
    """Return which network a step has, and all it can see of it."""
    kept = Kept()
    outcome = run(sandbox, bench.job("python", "-c", SEEN), kept)
    assert outcome.exit_code == 0, kept.stderr.decode()
    network, _, seen = kept.stdout.decode().partition("\n")
    return network, seen


@pytest.mark.parametrize("trace", TRACES)
def test_the_next_step_finds_an_unused_network(
    sandbox: Bubblewrap, bench: Bench, trace: str
) -> None:
    """Whatever a step sent, opened or left, the next one sees what the first of all saw."""
    before = look(sandbox, bench)
    kept = Kept()
    outcome = run(
        sandbox, bench.job("python", "-c", f"import socket, struct\n{TRACES[trace]}"), kept
    )
    assert outcome.exit_code == 0, kept.stderr.decode()
    after = look(sandbox, bench)
    assert after[1] == before[1]
    assert after[0] != before[0]


LATE = """
import socket, struct
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
group = socket.inet_pton(socket.AF_INET6, "ff05::7") + struct.pack("i", 1)
six.setsockopt(socket.IPPROTO_IPV6, 20, group)
four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group = socket.inet_aton("239.1.1.1") + socket.inet_aton("127.0.0.1") + struct.pack("i", 1)
four.setsockopt(socket.IPPROTO_IP, 35, group)
"""


def test_nothing_is_sent_for_a_step_that_has_ended(sandbox: Bubblewrap, bench: Bench) -> None:
    """Leaving a multicast group is reported while the step is there, or never."""
    waiting = "import time; time.sleep(0.5)\n" + SEEN
    clean = look(sandbox, bench)[1]
    for _ in range(4):
        assert run(sandbox, bench.job("python", "-c", LATE), Kept()).exit_code == 0
        kept = Kept()
        assert run(sandbox, bench.job("python", "-c", waiting), kept).exit_code == 0
        assert kept.stdout.decode().partition("\n")[2] == clean


def test_there_is_no_mptcp(sandbox: Bubblewrap, bench: Bench) -> None:
    """What it counts is counted nowhere else; programs go on with TCP."""
    kept = Kept()
    code = "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)"
    assert run(sandbox, bench.job("python", "-c", code), kept).exit_code != 0
    assert b"Protocol not available" in kept.stderr


def test_a_network_is_kept_while_nothing_happens_in_it(sandbox: Bubblewrap, bench: Bench) -> None:
    """Steps that do nothing with their network do not cost a new one."""
    assert look(sandbox, bench) == look(sandbox, bench)


def test_two_slots_have_two_networks(sandbox: Bubblewrap, bench: Bench) -> None:
    """Steps that run at the same time never meet."""
    other = Bubblewrap(bench.work)
    try:
        assert look(sandbox, bench)[0] != look(other, bench)[0]
    finally:
        other.close()


def test_the_next_owner_has_a_network_of_its_own(sandbox: Bubblewrap, bench: Bench) -> None:
    """Whether anything happened in the last one or not."""
    before = look(sandbox, bench)
    sandbox.renew()
    assert look(sandbox, bench)[0] != before[0]
