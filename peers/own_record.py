"""Own record: what this peer says of itself, and when it has to be said anew. Pure."""

from peers.directory_events import Entry, Renew
from peers.peer_record import MAX_SERIAL, VALIDITY_MS, Notice


class OwnRecord:
    """Our record; who only asks others to run steps has none."""

    def __init__(self, *, listed: bool) -> None:
        self.notice: Notice | None = None
        self._listed = listed

    @property
    def serial(self) -> int:
        """The serial of the record that we have; 0 without one."""
        return self.notice.record.serial if self.notice else 0

    def is_current(self, now_ms: int) -> bool:
        """Return whether there is one to be shown."""
        return self.notice is not None and now_ms < self.notice.record.expires_ms

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is to be made anew: half of its time is over, or there is none."""
        if self.notice is None:
            return True
        record = self.notice.record
        return now_ms >= (record.made_ms + record.expires_ms) // 2

    def renewal(self, after: int, now_ms: int) -> tuple[Renew, ...]:
        """Return how to make it anew; by the clock, so that it counts after a loss of state too."""
        if not self._listed:
            return ()
        serial = min(max(after + 1, now_ms), MAX_SERIAL)
        return (Renew(serial, now_ms, now_ms + VALIDITY_MS),)

    def is_surpassed(self, notice: Notice) -> bool:
        """Return whether somebody has another one of ours that counts more: we lost count."""
        own = self.notice
        return own is not None and notice.record.serial >= self.serial and notice.cid != own.cid

    def may_be_surpassed(self, entry: Entry) -> bool:
        """Return whether what somebody lists of us may be another one that counts more."""
        return self.notice is not None and entry.serial >= self.serial
