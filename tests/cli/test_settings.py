"""Settings and where they come from."""

import pytest

from cli import settings
from cli.config_file import config_path, store
from engine.errors import Refused


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_layers_override_one_another_in_order():
    """A flag beats the environment, which beats the file, which beats the default."""
    assert settings.load({}, {})["jobs"].origin == "built-in"
    store("jobs", "3")
    assert settings.load({}, {})["jobs"].value == 3
    assert settings.load({}, {"TALLY_JOBS": "4"})["jobs"] == settings.Value(4, "TALLY_JOBS")
    assert settings.load({"jobs": "5"}, {"TALLY_JOBS": "4"})["jobs"].value == 5


def test_storing_one_setting_keeps_the_others():
    """`config set` and `config unset` touch the one setting they name."""
    store("jobs", "3")
    store("output", "json")
    store("jobs", None)
    assert config_path().read_text() == 'output = "json"\n'


def test_a_network_and_an_ipfs_node_can_be_done_without():
    """Else a network has a name, and a node's API an address."""
    assert settings.load({}, {})["network"].value == "tallystick"
    assert settings.load({"network": "none"}, {})["network"].value == ""
    assert settings.load({"ipfs": "none"}, {})["ipfs"].value == "none"
    bad = [("network", text) for text in ("", "a b", " a", "a" * 101)]
    for name, text in (*bad, ("ipfs", "localhost")):
        with pytest.raises(Refused, match=name):
            settings.load({name: text}, {})


def test_a_peer_has_room_for_its_other_ports():
    """Three ports after that of its address are used, too."""
    assert settings.load({"listen": "0.0.0.0:65532"}, {})["listen"].value == "0.0.0.0:65532"
    with pytest.raises(Refused):
        settings.load({"listen": "0.0.0.0:65533"}, {})


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("jobs = 0", "config.toml"),
        ("jbos = 1", "config.toml"),
        ("jobs = ", "config.toml"),
        ("jobs = " + "1" * 5000, "config.toml"),
        ("jobs = " + "[" * 5000, "config.toml"),
    ],
)
def test_a_bad_config_file_is_refused_with_its_name(text, where):
    """Whatever is wrong in the file, the error says which file."""
    config_path().parent.mkdir(parents=True)
    config_path().write_text(text)
    with pytest.raises(Refused) as caught:
        settings.load({}, {})
    assert where in caught.value.where


@pytest.mark.parametrize("text", ["/tmp/\U0001f600", "/tmp/é ü", '/tmp/"\\', "/tmp/#x"])
def test_what_is_stored_is_read_again(text):
    """Any text that a person can see is kept as it is."""
    store("home", text)
    assert str(settings.load({}, {})["home"].value) == text


@pytest.mark.parametrize("text", ["/tmp/\udcff", "/tmp/\n", "/tmp/\x7f"])
def test_what_toml_cannot_hold_is_refused(text):
    """A config file that cannot be read would stop every command."""
    with pytest.raises(Refused):
        store("home", text)
    assert not config_path().exists()


def test_a_bad_value_is_not_stored():
    """`config set` checks a value before it writes it."""
    with pytest.raises(Refused):
        store("output", "xml")
    assert not config_path().exists()


@pytest.mark.parametrize(
    "text",
    [
        'prices = "core-second=0.001, failure=2"',
        '[prices]\ncore-second = "0.001"\nfailure = 2',
    ],
)
def test_prices_are_a_text_or_a_table(text):
    """In the config file; they are kept in micro-credits."""
    config_path().parent.mkdir(parents=True)
    config_path().write_text(text)
    found = settings.load({}, {})["prices"]
    assert found.value == {"core-second": 1_000, "failure": 2_000_000}
    store("jobs", "3")
    assert settings.load({}, {})["prices"] == found
    assert settings.load({}, {"TALLY_PRICES": "failure=1"})["prices"].value == {
        "failure": 1_000_000
    }


def test_credits_are_read_exactly():
    """A person writes credits; what is settled is micro-credits."""
    settled = settings.settle({"max_cost": "0.000001"}, {"TALLY_NEWCOMER_LIMIT": "2.5"})
    assert (settled.max_cost, settled.newcomer_limit) == (1, 2_500_000)


def test_nobody_asks_anything_unless_told():
    """A home trades nothing; what a newcomer may owe, and what a run may cost, is little."""
    settled = settings.settle({}, {})
    assert settled.prices == {}
    assert (settled.newcomer_limit, settled.max_cost) == (1_000_000, 1_000_000)
    assert (settled.limit_growth, settled.limit_most) == (50, 100_000_000)
    assert settled.strangers_limit == 100_000_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prices", "coffee=1"),
        ("prices", "failure=-1"),
        ("newcomer_limit", "1,5"),
        ("limit_growth", "101"),
        ("limit_growth", "-1"),
        ("limit_most", "9007199254.740992"),
        ("max_cost", "0.0000001"),
    ],
)
def test_an_amount_that_is_none_is_refused(name, text):
    """With the setting that it was given for, and where."""
    with pytest.raises(Refused, match=f"setting '{name}'") as refused:
        settings.load({name: text}, {})
    assert refused.value.where == f"--{name.replace('_', '-')}"
