"""A few checkpoints damaged at random: each loads, or says in one short line why not, also listed.

`scripts/fuzz_checkpoints.py` runs them by the thousand, and writes with those that load.
"""

from __future__ import annotations

import random

import pytest

from mtp_mlx.errors import MtpMlxError
from tests.support.checkpoints import PairFolders
from tests.support.damage import load
from tests.support.mutations import LONGEST, check_list, mutate


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_one_sentence(seed: int, pair: PairFolders) -> None:
    done = mutate(pair, random.Random(seed))
    loads = False
    try:
        load(pair)
        loads = True
    except MtpMlxError as error:
        words = str(error)
        assert len(words) <= LONGEST, done
        assert words.isprintable(), done
        assert "Unexpected" not in words, done
    check_list(pair, loads=loads)
