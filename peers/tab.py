"""Tab: what is paid under one agreement of ours, as its steps end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from engine.content.cid import Cid
from peers.agreement import Agreement
from peers.bill import Seen, line_of
from peers.credits import Credits
from peers.payments import Bill, Payments
from peers.prices import Outcome
from peers.receipts import Line, priced, within
from peers.royalties import Royalties
from peers.saying import Say
from peers.step_messages import Need
from peers.stopped import Out
from peers.testimony import Testimony


class Tab:
    """That of one agreement; of one that costs nothing, nothing is done. For the node's thread."""

    def __init__(
        self,
        agreement: Agreement,
        royalties: Royalties,
        payments: Payments,
        spent: Callable[[Credits], None],
        used_up: Callable[[], None],
        settled: Callable[[], None],
        log: Say,
    ) -> None:
        """Call `spent` with what is owed, as it comes to be owed; `settled` when no more does.

        `used_up`: when there is more than the agreement goes for, and nothing is done under it now.
        """
        self.is_free = agreement.offer.price_cap == 0
        self._agreement = agreement
        self._prices = agreement.offer.prices
        self._left = agreement.offer.price_cap
        self._royalties = royalties
        self._payments = payments
        self._spent = spent
        self._used_up = used_up
        self._settled = settled
        self._log = log
        self._is_closed = False
        if not self.is_free:
            payments.begin(agreement.provider, agreement.cid, self._claimed)

    def line(self, said: Testimony, seen: Seen) -> Line:
        """Return what is paid for a result."""
        return line_of(self._prices, said, seen)

    def pay(self, batch: Cid | None, lines: Sequence[Line], then: Callable[[], None]) -> None:
        """Pay for some steps, as far as the agreement goes; `then` when that is durable."""
        paid = tuple(within(lines, self._left))
        amount = sum(line.amount for line in paid)
        self._left -= amount
        if amount:
            self._spent(Credits(amount))
        if sum(line.amount for line in lines) > amount:
            self._log("price cap reached", peer=self._agreement.provider)
            self._used_up()
        bill = Bill(self._agreement.cid, batch, paid, self._royalties)
        self._payments.bill(self._agreement.provider, bill, then)

    def pay_failure(self, line: Line, batch: Cid) -> None:
        """Pay for a step that failed, and failed alike elsewhere or again."""
        failed = priced(self._prices, replace(line, outcome=Outcome.FAILED_ALIKE.value))
        self.pay(batch, (failed,), lambda: None)

    def dispute(self, steps: Mapping[Cid, str]) -> None:
        """Say of which steps a result is not paid, and why."""
        if not self.is_free:
            self._payments.dispute(self._agreement, steps)

    def stop(self, steps: Iterable[tuple[Cid, Need, int]]) -> None:
        """Pay what steps had run that are stopped, each of which was out for so long."""
        if not self.is_free:
            out: Mapping[Cid, Out] = {
                step: Out(need, self._prices, out_ms) for step, need, out_ms in steps
            }
            self._payments.stopped(self._agreement.cid, out)

    def close(self) -> None:
        """Pay nothing more, but for what was stopped and is still to be heard of."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.is_free:
            self._settled()
        else:
            self._payments.end(self._agreement, self._royalties, self._settled)

    def _claimed(self, lines: Sequence[Line]) -> None:
        """Pay for steps that were stopped."""
        self.pay(None, lines, lambda: None)
