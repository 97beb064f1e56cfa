"""Two crews as one."""

from engine.parted import Parted
from engine.slots import Slots
from tests.engine.test_slots import Busy


def test_each_step_goes_where_it_is_to_be_run() -> None:
    """It is cancelled there too; one that has room is enough to be idle."""
    here, elsewhere = Busy(), Busy()
    crews = Slots([here]), Slots([elsewhere])
    both = Parted(*crews, {"secret"}.__contains__)
    for name in ("secret", "open"):
        both.start((name, 0), None, None, lambda _: None)
    assert here.begun.wait(10)
    assert elsewhere.begun.wait(10)
    assert not both.has_idle
    both.cancel(("open", 0))
    assert elsewhere.go.is_set()
    assert not here.go.is_set()
    here.go.set()
    for crew in crews:
        crew.close()
    assert both.has_idle
