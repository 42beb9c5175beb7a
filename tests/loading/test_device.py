"""What this machine cannot compute is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtp_mlx import api
from mtp_mlx.errors import UsageError
from mtp_mlx.loading import load_pair
from mtp_mlx.loading.device import backend_name
from tests.support.checkpoints import write_pair
from tests.support.shapes import MOE_26B


@pytest.mark.skipif(backend_name() != "cpu", reason="other devices multiply experts in any dtype")
def test_experts_in_half_precision_on_the_cpu(tmp_path: Path) -> None:
    folders = write_pair(tmp_path, MOE_26B)
    with pytest.raises(UsageError, match="float32 only"):
        load_pair(api.Load(target=str(folders.target), dtype="bfloat16", use_drafter=False))
