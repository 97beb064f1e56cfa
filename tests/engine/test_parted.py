"""Two crews as one."""

from threading import Event

from engine.parted import Parted
from engine.slots import Slots
from tests.engine.test_slots import Busy


def test_each_step_goes_where_it_is_to_be_run() -> None:
    """It is cancelled there too; one that has room is enough to be idle."""
    here, elsewhere = Busy(), Busy()
    crews = Slots([here]), Slots([elsewhere])
    both = Parted(*crews, {"secret"}.__contains__)
    ended = Event()
    for name in ("secret", "open"):
        both.start((name, 0), None, None, lambda _: ended.set())
    assert here.begun.wait(10)
    assert elsewhere.begun.wait(10)
    assert not both.has_idle
    both.cancel(("open", 0))
    assert elsewhere.go.is_set()
    assert not here.go.is_set()
    assert ended.wait(10)
    assert both.has_idle
    for crew in crews:
        crew.close()
