"""What of a node gives everybody what is public, and has brought what commands ask for."""

from peers.content_desk import ContentDesk
from peers.depot import Depot
from peers.node_ground import Ground
from peers.node_home import Home
from peers.publicity import Publicity


def open_content(home: Home, ground: Ground, depot: Depot) -> ContentDesk:
    """Put these parts together."""
    publicity = Publicity(depot, home.published, ground.log)
    return ContentDesk(depot, ground.lines.peers, home.room, publicity)
