"""When a provider is taken for gone, and for there again."""

from peers.contact import GONE_MS, Contact


def test_a_provider_is_gone_after_a_while_without_a_line() -> None:
    """Counted from when there was first none; said once."""
    contact = Contact()
    assert not contact.changes(has_line=True, now_ms=0)
    assert not contact.changes(has_line=False, now_ms=1_000)
    assert not contact.changes(has_line=False, now_ms=1_000 + GONE_MS - 1)
    assert contact.changes(has_line=False, now_ms=1_000 + GONE_MS)
    assert contact.is_lost
    assert not contact.changes(has_line=False, now_ms=9 * GONE_MS)


def test_a_line_between_two_absences_counts() -> None:
    """The second is counted from its own beginning."""
    contact = Contact()
    for now_ms, has_line in ((0, False), (GONE_MS - 1, True), (GONE_MS, False)):
        assert not contact.changes(has_line, now_ms)
    assert not contact.changes(has_line=False, now_ms=2 * GONE_MS - 1)
    assert contact.changes(has_line=False, now_ms=2 * GONE_MS)


def test_who_was_gone_is_there_again_with_its_line() -> None:
    """At once, and said once."""
    contact = Contact()
    assert [contact.changes(False, now_ms) for now_ms in (0, GONE_MS)] == [False, True]
    assert [contact.changes(True, GONE_MS) for _ in range(2)] == [True, False]
    assert not contact.is_lost
