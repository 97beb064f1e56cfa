"""The rules, the gradients, the search and the ratings of the self-play example."""

import unittest

import chart
import elo
import game
import net
import numpy as np
from match import Player, matches, openings
from search import search
from selfplay import record
from train import mirror


def after(*columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the position after stones in COLUMNS, in turn."""
    own, other = game.start(1)
    for column in columns:
        own, other = game.drop(own, other, np.array([column]))
    return own, other


class Rules(unittest.TestCase):
    def test_four_in_any_direction_wins(self) -> None:
        """Lines that lie, stand, rise and fall end the game for who made them."""
        lines = {
            "lying": (0, 0, 1, 1, 2, 2, 3),
            "standing": (0, 1, 0, 1, 0, 1, 0),
            "rising": (0, 1, 1, 2, 2, 3, 2, 3, 3, 0, 3),
            "falling": (5, 4, 4, 3, 3, 2, 3, 2, 2, 5, 2),
        }
        for name, columns in lines.items():
            with self.subTest(name):
                over, value = game.ending(*after(*columns))
                self.assertEqual((over[0], value[0]), (True, -1))
                self.assertFalse(game.ending(*after(*columns[:-1]))[0][0])

    def test_no_line_runs_on_from_one_column_into_the_next(self) -> None:
        """Two stones on top of a column and two at the foot of the next are no four."""
        cells = [0 * game.STRIDE + 3, 0 * game.STRIDE + 4, game.STRIDE, game.STRIDE + 1]
        self.assertFalse(game.four(np.array([sum(1 << cell for cell in cells)]))[0])

    def test_lines_are_those_that_a_slow_count_finds(self) -> None:
        """Random boards have a four exactly where looking at every line finds one."""
        stones = np.random.default_rng(0).integers(0, 2, (300, game.ROWS, game.COLUMNS))
        column, row = np.meshgrid(range(game.COLUMNS), range(game.ROWS))
        bits = (stones << (column * game.STRIDE + row)).sum(axis=(1, 2))
        found = []
        for board in stones:
            padded = np.pad(board, 3)
            found.append(
                any(
                    all(padded[y + k * dy, x + k * dx] for k in range(4))
                    for y in range(3, 3 + game.ROWS)
                    for x in range(3, 3 + game.COLUMNS)
                    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))
                )
            )
        self.assertEqual(game.four(bits).tolist(), found)

    def test_a_full_column_is_not_legal_and_a_full_board_is_a_draw(self) -> None:
        """Six stones fill a column; a full board without a four ends in a draw."""
        self.assertEqual(game.legal(*after(2, 2, 2, 2, 2, 2))[0].tolist(), [1, 1, 0, 1, 1, 1, 1])
        mine = game.BOARD & ~np.array([1])
        over, value = game.ending(np.array([game.BOARD]), np.array([0]))
        self.assertEqual((over[0], value[0]), (True, 0))
        self.assertFalse(game.ending(mine, np.array([0]))[0][0])

    def test_openings_are_counted(self) -> None:
        """There are 7 positions after one move, 49 after two and 238 after three."""
        self.assertEqual([len(game.positions(plies)[0]) for plies in (1, 2, 3)], [7, 49, 238])

    def test_planes_show_the_board_from_the_side_of_who_is_on_move(self) -> None:
        """The stone just dropped is in the second plane."""
        seen = game.planes(*after(4)).reshape(2, game.ROWS, game.COLUMNS)
        self.assertEqual(np.argwhere(seen).tolist(), [[1, 0, 4]])


class Network(unittest.TestCase):
    def test_gradients_are_those_of_finite_differences(self) -> None:
        """A small step of any weight changes the loss by what its slope says."""
        rng = np.random.default_rng(3)
        weights = {name: w.astype(np.float64) for name, w in net.initial(rng).items()}
        planes = rng.integers(0, 2, (7, 84)).astype(np.float64)
        policy, result = rng.dirichlet(np.ones(game.COLUMNS), 7), rng.choice([-1.0, 0.0, 1.0], 7)
        slopes = net.gradients(weights, planes, policy, result)[2]
        for name, weight in weights.items():
            for _ in range(4):
                at = tuple(rng.integers(0, weight.shape))
                losses = []
                for step in (1e-5, -2e-5):
                    weight[at] += step
                    losses.append(sum(net.gradients(weights, planes, policy, result)[:2]))
                weight[at] += 1e-5
                slope = (losses[0] - losses[1]) / 2e-5
                self.assertAlmostEqual(slope, slopes[name][at], places=6, msg=f"{name} {at}")

    def test_full_columns_have_no_chance(self) -> None:
        """The network's opinion of moves adds up to one over the legal ones."""
        weights = net.initial(np.random.default_rng(0))
        chance, _ = net.judge(weights, *after(2, 2, 2, 2, 2, 2))
        self.assertEqual(chance[0, 2], 0)
        self.assertAlmostEqual(float(chance.sum()), 1, places=5)

    def test_a_mirrored_position_has_its_moves_mirrored(self) -> None:
        """A stone on the left is seen on the right, and so is the move."""
        planes, policy = game.planes(*after(0)), np.eye(game.COLUMNS)[:1]
        seen, aim = mirror(planes, policy, np.array([True]))
        self.assertTrue((seen == game.planes(*after(6))).all())
        self.assertEqual(aim.argmax(), 6)


class Search(unittest.TestCase):
    weights = net.initial(np.random.default_rng(1))

    def test_a_win_is_found_and_a_loss_is_warded_off(self) -> None:
        """Even a network that knows nothing sees one move ahead with a search."""
        win, ward = after(0, 5, 0, 5, 0, 4), after(0, 5, 0, 5, 0)
        for own, other in (win, ward):
            self.assertEqual(search(self.weights, own, other, 60)[0].argmax(), 0)

    def test_every_simulation_is_a_visit(self) -> None:
        """The visits of a root add up to the simulations, none of them to a full column."""
        own, other = after(2, 2, 2, 2, 2, 2)
        visits = search(self.weights, own, other, 25, np.random.default_rng(0))
        self.assertEqual((visits.sum(), visits[0, 2]), (25, 0))

    def test_a_game_is_searched_alike_alone_and_among_others(self) -> None:
        """The trees of a batch have nothing to do with one another."""
        own, other = game.positions(3)
        together = search(self.weights, own[:9], other[:9], 12)
        alone = np.concatenate(
            [search(self.weights, own[k : k + 1], other[k : k + 1], 12) for k in range(9)]
        )
        self.assertLess(np.abs(together - alone).max(), 2)  # sums may be rounded otherwise


class Games(unittest.TestCase):
    def test_a_record_has_results_from_the_side_of_who_is_on_move(self) -> None:
        """The last position of a won game is worth 1: its player is about to win."""
        played = record(Search.weights, 1, 8, np.random.default_rng(2))
        own, other = played["own"], played["other"]
        self.assertTrue((np.bitwise_count(own | other) == np.arange(len(own))).all())
        if played["result"].any():
            self.assertEqual(played["result"][-1], 1)
            self.assertTrue((played["result"][:-1] == -played["result"][1:]).all())

    def test_a_player_is_exactly_as_good_as_itself(self) -> None:
        """Each opening is played from both sides, so wins and losses are equal."""
        player = Player(Search.weights, 4)
        boards = openings(0, 0, 10)
        (score,) = matches([player], [(0, 0)], *boards, np.random.default_rng(0))
        self.assertEqual(score["won"], score["lost"])
        self.assertEqual(sum(score.values()), 20)

    def test_results_are_from_the_side_of_the_first_of_a_pair(self) -> None:
        """A player with a search beats chance, whichever of the two is named first."""
        players = [Player(None, 0), Player(Search.weights, 20)]
        boards = openings(0, 0, 30)
        lost, won = matches(players, [(0, 1), (1, 0)], *boards, np.random.default_rng(0))
        self.assertGreater(lost["lost"], 40)
        self.assertGreater(won["won"], 40)

    def test_shards_have_no_opening_in_common(self) -> None:
        """Two shards of 119 are all 238 openings."""
        boards = np.concatenate([np.stack(openings(5, shard, 119), axis=1) for shard in (0, 1)])
        self.assertEqual(len(np.unique(boards, axis=0)), 238)


class Ratings(unittest.TestCase):
    def test_odds_of_ten_to_one_are_400_points(self) -> None:
        """Of two players, one who scores ten times as much is 400 points better."""
        scores = np.array([[0, 99.5], [999.5, 0]])  # and half a point each that was not played
        self.assertAlmostEqual(elo.ratings(scores)[1], 400, places=6)

    def test_results_become_scores(self) -> None:
        """A draw is half a point to each."""
        scores = elo.table(np.array([[0, 1, 6, 2, 1]]), 2)
        self.assertEqual(scores.tolist(), [[0, 7], [2, 0]])

    def test_the_figure_has_a_point_for_each_champion(self) -> None:
        """The curve is drawn whatever the ratings are, hollow where nobody was promoted."""
        row = {"elo": 50.0, "low": 10.0, "high": 90.0}
        report = {"elo": [row] * 3, "generations": [{"verdict": {"promoted": False}}]}
        drawn = chart.draw(report, [[0, 1, 1, 0, 1], [0, 2, 2, 0, 0], [1, 2, 1, 1, 0]])
        self.assertEqual((drawn.count("<circle"), drawn.count('fill="#ffffff" stroke')), (2, 1))


if __name__ == "__main__":
    unittest.main()
