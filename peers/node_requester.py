"""What has others run steps for a node, put together: who is found, judged, paid and left alone."""

from contextlib import ExitStack
from functools import partial

from engine.runner import Signer
from peers.depot import Depot
from peers.judge import Judge
from peers.node_credit import Credit
from peers.node_ground import Ground
from peers.node_home import Home
from peers.office import Office
from peers.payment_history import agreed
from peers.payments import Payments
from peers.perjury import Perjury
from peers.recruiter import Directory
from peers.registrar import Registrar
from peers.requester import Requester


def open_requester(
    home: Home,
    signer: Signer,
    ground: Ground,
    depot: Depot,
    registrar: Registrar,
    credit: Credit,
    closing: ExitStack,
) -> Requester:
    """Open it; pay what was owed, and answer what was not, when the program ended."""

    def perjured(perjury: Perjury) -> None:
        """Leave a provider alone that said two things of one step; convict it by a proof."""
        requester.perjured(perjury.provider)
        if perjury.proof is not None:
            credit.treasury.accuse(perjury.proof)

    kept = (home.recorder, home.memo, home.dues, ground.wake)
    word = partial(agreed, home.ledger)
    judge = Judge(depot.fetch, depot.look, *kept, home.store.get, word, perjured)
    credit.payments.resume(home.dues.all(), judge.settled)
    credit.settlement.resume()
    mail, lines, clock, _, log = ground
    office = Office(mail, lines, depot, signer, judge, log, credit.payments)
    requester = Requester(office, _directory(home, registrar, credit.payments), clock)
    closing.callback(requester.close)
    return requester


def _directory(home: Home, registrar: Registrar, payments: Payments) -> Directory:
    """Return who there is, and how much each lends still."""
    return Directory(
        registrar.candidates,
        home.named.peers,
        registrar.directory.get,
        lambda notice: payments.room(notice.signer, notice.record.credit),
    )
