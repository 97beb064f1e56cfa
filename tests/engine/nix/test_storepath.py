"""Store paths against those that Nix itself computed."""

import hashlib

import pytest

from engine.errors import Refused
from engine.nix.storepath import StorePath, fixed_path, source_path, text_path

NUMPY_WHEEL = "ba10f8411898fc418a521833e014a77d3ca01c15b0c6cdcce6a0d2897e6dbbdf"
BUSYBOX = "1d0495fcf8173bdbfb423e6e42def545db831dc010c62d1a1093d3130d81a454"


def test_flat_fixed_path() -> None:
    """A file fixed by its sha256 goes where `nix-store --add-fixed sha256` puts it."""
    path = fixed_path("numpy.whl", "flat", "sha256", bytes.fromhex(NUMPY_WHEEL))
    assert str(path) == "/nix/store/6iphn67iwlm8vwvyqfykprw2lnj12a17-numpy.whl"


def test_recursive_fixed_path() -> None:
    """A tree fixed by the sha256 of its NAR is a source path."""
    path = fixed_path("busybox", "recursive", "sha256", bytes.fromhex(BUSYBOX))
    assert str(path) == "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-busybox"
    assert path == source_path("busybox", bytes.fromhex(BUSYBOX))


def test_flat_sha1_path() -> None:
    """A file fixed by sha1 goes where `nix-store --add-fixed sha1` puts it."""
    path = fixed_path("x", "flat", "sha1", hashlib.sha1(b"hello").digest())  # noqa: S324
    assert str(path) == "/nix/store/6akgbvwy3ssz411f8i5p5fqpnjsqc0cr-x"


def test_text_path() -> None:
    """Text goes where `builtins.toFile` puts it."""
    assert str(text_path("t", b"hello")) == "/nix/store/vqpn17r03lqabwk0wksgpbgy620zwfd4-t"


def test_references_are_part_of_a_text_path() -> None:
    """Text that refers to a store path goes where `builtins.toFile` puts it."""
    reference = text_path("t", b"hello")
    assert (
        str(text_path("u", str(reference).encode(), [reference]))
        == "/nix/store/b5jrmjqd1nnvqlrp8fnaiknsa4xmc7n6-u"
    )


def test_parse_takes_paths_and_base_names() -> None:
    """Both spellings are the same path."""
    path = StorePath.parse("ap5lw0pk87zllpr8psdiqgxx50yqpp1h-a+b_c?d=e.f")
    assert StorePath.parse(str(path)) == path
    assert path.name == "a+b_c?d=e.f"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/nix/store/",
        "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h",
        "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-",
        "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-a/b",
        "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-a b",
        "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-a\n",
        "/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-..",
        "/nix/store/ep5lw0pk87zllpr8psdiqgxx50yqpp1h-e",
        "/gnu/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-busybox",
        "ap5lw0pk87zllpr8psdiqgxx50yqpp1h-" + "x" * 212,
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    """Names that no store path has are refused."""
    with pytest.raises(Refused):
        StorePath.parse(text)
