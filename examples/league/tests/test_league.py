"""The game, the gradients, best responses, matchmaking and the equilibrium of the league example."""

import unittest

import numpy as np

import exact
import exploit
import learn
import league
import matchmaking
import net
from game import CARDS, game, random_policy


class Rules(unittest.TestCase):
    def test_higher_bids_take_prizes(self) -> None:
        """Bids of 4321 against 1234 take the prizes 4 and 3, and lose 2 and 1."""
        result = game().result
        self.assertEqual(result.shape, (24, 24))
        self.assertEqual((result[-1, 0], result[0, -1]), (1, -1))

    def test_the_game_is_alike_for_both(self) -> None:
        """What one wins the other loses."""
        self.assertTrue((game().result == -game().result.T).all())


class Exactness(unittest.TestCase):
    def test_random_play_reaches_every_end_alike(self) -> None:
        """A plan is the product of chances: one of 24 choices of cards."""
        self.assertTrue(np.allclose(exact.plan(random_policy()), 1 / 24))

    def test_random_play_can_be_exploited_by_three_quarters(self) -> None:
        """The best response sees what is bid, and so does better than any fixed choice of cards."""
        found = exact.exploitability(exact.plan(random_policy()))
        self.assertAlmostEqual(found, 0.75)
        self.assertGreater(found, game().result.mean(axis=1).max())

    def test_results_are_those_of_many_games(self) -> None:
        """The mean of 20 000 games is near the exact result."""
        rng = np.random.default_rng(0)
        one, other = (rng.random(random_policy().shape) * game().legal for _ in range(2))
        one, other = (each / each.sum(axis=1, keepdims=True) for each in (one, other))
        said = exact.results(np.array([exact.plan(one), exact.plan(other)]))[0, 1]
        played = learn.play(one, other[None], np.zeros(20_000, np.int64), rng)
        self.assertAlmostEqual(played.result.mean(), said, delta=0.03)


class Learning(unittest.TestCase):
    def test_gradients_are_those_of_finite_differences(self) -> None:
        """A small step of any weight changes the loss by what its slope says."""
        rng = np.random.default_rng(3)
        weights = {name: w + 0.1 * rng.standard_normal(w.shape) for name, w in net.initial(rng).items()}
        own = learn.policy(weights)
        played = learn.play(own, own[None], np.zeros(20, np.int64), rng)
        advantage = rng.standard_normal(len(played.state))
        slopes = learn.judge(weights, played, advantage, 0.1)[1]
        for name, weight in weights.items():
            at, losses = tuple(rng.integers(0, weight.shape)), []
            for step in (1e-5, -2e-5):
                weight[at] += step
                losses.append(learn.judge(weights, played, advantage, 0.1)[0])
            weight[at] += 1e-5
            slope = (losses[0] - losses[1]) / 2e-5
            self.assertAlmostEqual(slope, slopes[name][at], places=6, msg=name)

    def test_only_cards_of_the_hand_are_bid(self) -> None:
        """In no state has another card a chance."""
        own = learn.policy(net.initial(np.random.default_rng(0)))
        self.assertEqual(own[~game().legal].max(), 0)
        self.assertEqual(own.shape[1], CARDS)


class Matching(unittest.TestCase):
    def test_rock_paper_scissors_is_mixed_alike(self) -> None:
        """The equilibrium of the smallest game that needs mixing."""
        odds = league.equilibrium(np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]))
        self.assertTrue(np.allclose(odds, 1 / 3, atol=0.01))

    def test_who_one_loses_to_is_met_most(self) -> None:
        """Odds fall with what was won."""
        odds = matchmaking.hard(np.array([-0.5, 0.0, 0.9]))
        self.assertEqual(odds.argsort().tolist(), [2, 1, 0])

    def test_nobody_is_taken_for_another(self) -> None:
        """A misspelt opponent is not one who bids at random."""
        with self.assertRaisesRegex(SystemExit, "league, alone or random"):
            exploit.opponents("leage", "", "")

    def test_each_role_has_its_opponents(self) -> None:
        """Main agents meet themselves too, main exploiters the last main agents only."""
        rng = np.random.default_rng(1)
        names = ["start", "main-1", "main-exploiter-1", "main-1"]
        known = league.gather(names, [0, 1, 1, 1], [net.initial(rng) for _ in names])
        self.assertEqual(matchmaking.odds(known, "main-exploiter-1").tolist(), [0, 0, 0, 1, 0])
        self.assertEqual(matchmaking.odds(known, "main-1")[-1], matchmaking.OWN_SHARE)
        self.assertEqual(matchmaking.odds(known, "league-exploiter-1")[-1], 0)
        for agent in ("main-1", "main-exploiter-1", "league-exploiter-1"):
            self.assertAlmostEqual(matchmaking.odds(known, agent).sum(), 1)


if __name__ == "__main__":
    unittest.main()
