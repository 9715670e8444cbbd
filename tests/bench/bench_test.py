#!/usr/bin/env python3
"""What the bench concludes from what it saw: traces, quiet rounds, gates."""

import types
import unittest

import gates
import machine
import sizes
import trace

REQUEST = '7 recvfrom(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, ""..., 4096, 0, NULL, NULL) = 400'
NOTHING = '7 recvfrom(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, 0x1, 4096, 0) = -1 EAGAIN (Try again)'
SYNC = "8 fdatasync(4</data/file>) = 0"
SYNC_BEGINS = "8 fdatasync(4</data/file> <unfinished ...>"
SYNC_ENDS = "8 <... fdatasync resumed>) = 0"
ANSWER = '7 sendto(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, ""..., 90, 0, NULL, 0) = 90'
WRITE = '8 write(4</data/file>, ""..., 4096) = 4096'


class Trace(unittest.TestCase):
    def seen(self, *lines):
        found = trace.count(lines)
        return found["seen"], found["answers_after_sync"], found["answers_without"]

    def test_sync_between_request_and_answer(self):
        self.assertEqual(self.seen(*[REQUEST, WRITE, SYNC, ANSWER] * 200), (True, 200, 0))

    def test_never_synced(self):
        self.assertEqual(self.seen(*[REQUEST, WRITE, ANSWER] * 200), (False, 0, 200))

    def test_sync_of_the_request_before_does_not_count(self):
        self.assertEqual(self.seen(*[SYNC, REQUEST, ANSWER] * 200), (False, 0, 200))

    def test_answered_while_the_sync_still_runs(self):
        lines = [REQUEST, SYNC_BEGINS, ANSWER, SYNC_ENDS]
        self.assertEqual(self.seen(*lines * 200), (False, 0, 200))

    def test_sync_that_was_interrupted_by_other_lines(self):
        lines = [REQUEST, SYNC_BEGINS, NOTHING, SYNC_ENDS, ANSWER]
        self.assertEqual(self.seen(*lines * 200), (True, 200, 0))

    def test_one_answer_in_several_sends_is_one(self):
        self.assertEqual(self.seen(*[REQUEST, SYNC, ANSWER, ANSWER] * 200), (True, 200, 0))


class Bytes(unittest.TestCase):
    def test_what_grew_is_told_and_the_rest_is_not(self):
        before = {"leaf 1": 100, "free pages": 500, "head 0": 7}
        after = {"leaf 1": 400, "free pages": 300, "head 0": 7, "part n": 1000}
        self.assertEqual(list(sizes.grown(before, after, 10).items()),
                         [("part n", 100.0), ("leaf 1", 30.0), ("free pages", -20.0)])


class Quiet(unittest.TestCase):
    def rounds(self, quiet, noisy):
        rounds = machine.Rounds("x", types.SimpleNamespace(rounds=5), print)
        rounds.quiet, rounds.noisy = [{"n": 1}] * quiet, [{"n": 2}] * noisy
        return rounds

    def test_noisy_rounds_are_thrown_away_and_counted(self):
        rounds = self.rounds(5, 2)
        summary = rounds.summary()
        self.assertEqual((len(rounds.counted), summary["noisy_rounds"], summary["quiet"]),
                         (5, 2, True))

    def test_too_few_quiet_rounds_are_said(self):
        rounds = self.rounds(2, 4)
        summary = rounds.summary()
        self.assertEqual((len(rounds.counted), summary["thrown_away"], summary["quiet"]),
                         (6, 0, False))

    def test_spread(self):
        self.assertEqual(machine.spread([3, 1, 2]), {"median": 2, "min": 1, "max": 3})
        self.assertIsNone(machine.spread([]))


class Gates(unittest.TestCase):
    def test_borders(self):
        self.assertEqual(gates.Gate("x", 1.5, 1.5).verdict(), "holds")
        self.assertEqual(gates.Gate("x", 1.5, 1.49).verdict(), "LOSES")
        self.assertEqual(gates.Gate("x", 3, 3.0, least=False).verdict(), "holds")
        self.assertEqual(gates.Gate("x", 3, 3.1, least=False).verdict(), "LOSES")

    def test_median_decides_and_noise_is_said(self):
        seen = {"median": 0.8, "min": 0.1, "max": 2}
        self.assertEqual(gates.Gate("x", 0.75, seen, quiet=False).verdict(), "holds, but noisy")

    def test_what_was_not_seen_holds_nothing(self):
        self.assertEqual(gates.Gate("x", 1, None).verdict(), "not seen")


if __name__ == "__main__":
    unittest.main()
