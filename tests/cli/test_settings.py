"""Settings and where they come from."""

import pytest

from cli import settings
from engine.errors import Refused


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_layers_override_one_another_in_order():
    """A flag beats the environment, which beats the file, which beats the default."""
    assert settings.load({}, {})["jobs"].origin == "built-in"
    settings.store("jobs", "3")
    assert settings.load({}, {})["jobs"].value == 3
    assert settings.load({}, {"TALLY_JOBS": "4"})["jobs"] == settings.Value(4, "TALLY_JOBS")
    assert settings.load({"jobs": "5"}, {"TALLY_JOBS": "4"})["jobs"].value == 5


def test_storing_one_setting_keeps_the_others():
    """`config set` and `config unset` touch the one setting they name."""
    settings.store("jobs", "3")
    settings.store("output", "json")
    settings.store("jobs", None)
    assert settings.config_file().read_text() == 'output = "json"\n'


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
    settings.config_file().parent.mkdir(parents=True)
    settings.config_file().write_text(text)
    with pytest.raises(Refused) as caught:
        settings.load({}, {})
    assert where in caught.value.where


@pytest.mark.parametrize("text", ["/tmp/\U0001f600", "/tmp/é ü", '/tmp/"\\', "/tmp/#x"])
def test_what_is_stored_is_read_again(text):
    """Any text that a person can see is kept as it is."""
    settings.store("home", text)
    assert str(settings.load({}, {})["home"].value) == text


@pytest.mark.parametrize("text", ["/tmp/\udcff", "/tmp/\n", "/tmp/\x7f"])
def test_what_toml_cannot_hold_is_refused(text):
    """A config file that cannot be read would stop every command."""
    with pytest.raises(Refused):
        settings.store("home", text)
    assert not settings.config_file().exists()


def test_a_bad_value_is_not_stored():
    """`config set` checks a value before it writes it."""
    with pytest.raises(Refused):
        settings.store("output", "xml")
    assert not settings.config_file().exists()
