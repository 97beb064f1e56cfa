"""What of a node gives everybody what is public, and has brought what commands ask for."""

from peers.company import Company
from peers.content_desk import ContentDesk
from peers.depot import Depot
from peers.herald import Herald
from peers.node_ground import Ground
from peers.node_home import Home
from peers.public_scopes import PublicScopes
from peers.registrar import Registrar


def open_content(
    home: Home, ground: Ground, depot: Depot, registrar: Registrar, herald: Herald
) -> ContentDesk:
    """Put these parts together."""
    scopes = PublicScopes(depot, home.published, ground.log)
    company = Company(ground.lines, registrar, herald.tellers)
    desk = ContentDesk(depot, company, home.room, scopes)
    desk.nudged = herald.look
    return desk
