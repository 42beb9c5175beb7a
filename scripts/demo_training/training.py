"""The training loop both models share, spread over processes of one thread each.

One process a core instead of one process of many threads: the models are so small that threads
would spend their time waiting for each other after every little product. The processes hold the
same weights and average their gradients once a step.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.multiprocessing
from torch import Tensor, distributed, nn

from demo_training.batches import Batch
from demo_training.optimisers import Optimisers, optimisers, rate_share

WORKERS = 2
ROWS, LENGTH = 4, 512  # of each worker
CLIP = 1.0
SAVE_EVERY_S = 180.0
REPORT_EVERY = 10


@dataclass(frozen=True, slots=True)
class Budget:
    """Training ends at whichever comes first."""

    steps: int
    minutes: float

    def progress(self, run: Run) -> float:
        """From 0 at the start to 1 at the end."""
        return max(run.step / self.steps, run.elapsed_s / (60 * self.minutes))


@dataclass(frozen=True, slots=True)
class Run:
    """Where a training run stands; the numbers in the model card are its last values."""

    step: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0
    loss: float = float("nan")

    def after(self, tokens: float, seconds: float, loss: float) -> Run:
        """One step later; the loss is averaged over some 50 steps."""
        mean = loss if self.step == 0 else 0.98 * self.loss + 0.02 * loss
        return Run(self.step + 1, self.tokens + round(tokens), self.elapsed_s + seconds, mean)


def spread(work: Callable[..., None], *arguments: object) -> None:
    """Call `work(*arguments)` in WORKERS processes that can average gradients."""
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(
            _worker, args=(f"file://{folder}/meeting", work, arguments), nprocs=WORKERS
        )


def _worker(
    rank: int, meeting: str, work: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=WORKERS)
    work(*arguments)
    distributed.destroy_process_group()


def own_seed(seed: int, run: Run) -> int:
    """A seed for this worker's data; a resumed run draws new chats, not those it has seen."""
    return seed + 10_000 * run.step + int(distributed.get_rank())


def resumed(model: nn.Module, checkpoint: Path) -> tuple[Optimisers, Run]:
    """Optimisers for `model` and where it stands; loads the checkpoint where there is one."""
    optimiser = optimisers(model)
    run = restore(checkpoint, model, optimiser) if checkpoint.exists() else Run()
    return optimiser, run


def train(
    stage: str,
    model: nn.Module,
    loss_of: Callable[[Batch], Tensor],
    source: Iterator[Batch],
    budget: Budget,
    checkpoint: Path,
    start: tuple[Optimisers, Run],
) -> None:
    """Train until the budget is spent; leaves the checkpoint behind."""
    optimiser, run = start
    saved = time.monotonic()
    # One compiles, the others wait and find the code in the compiler's cache.
    compiles, must_compile = distributed.get_rank() == 0, True
    if not compiles:
        distributed.barrier()
    while (progress := budget.progress(run)) < 1:
        began = time.monotonic()
        batch = next(source)
        loss = loss_of(batch)
        loss.backward()
        if compiles and must_compile:
            distributed.barrier()
        must_compile = False
        tokens = float((batch.documents > 0).sum())
        # Time and loss are averaged too: all workers must agree when to stop.
        tokens, seconds, mean = averaged(model, [tokens, time.monotonic() - began, loss.item()])
        nn.utils.clip_grad_norm_(optimiser.others.param_groups[0]["params"], CLIP)
        stepping = time.monotonic()
        optimiser.step(rate_share(run.step, progress))
        run = run.after(WORKERS * tokens, seconds + _agreed(time.monotonic() - stepping), mean)
        if distributed.get_rank() == 0:
            _report(stage, run, mean)
            if time.monotonic() - saved > SAVE_EVERY_S:
                save(checkpoint, model, optimiser, run)
                saved = time.monotonic()
    if distributed.get_rank() == 0:
        save(checkpoint, model, optimiser, run)


def averaged(model: nn.Module, numbers: list[float]) -> list[float]:
    """Average gradients over the workers in place, and return `numbers` averaged."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor(numbers)])
    distributed.all_reduce(flat)
    flat /= WORKERS
    *pieces, means = flat.split([g.numel() for g in gradients] + [len(numbers)])
    for gradient, piece in zip(gradients, pieces, strict=True):
        gradient.copy_(piece.view_as(gradient))
    return [float(mean) for mean in means]


def _agreed(number: float) -> float:
    value = torch.tensor([number], dtype=torch.float64)
    distributed.all_reduce(value)
    return float(value) / WORKERS


def _report(stage: str, run: Run, loss: float) -> None:
    if run.step % REPORT_EVERY == 0:
        print(
            f"{stage} step {run.step} tokens {run.tokens} loss {loss:.3f} mean {run.loss:.3f} "
            f"{run.elapsed_s:.0f} s {run.tokens / run.elapsed_s:.0f} tokens/s",
            flush=True,
        )


def save(path: Path, model: nn.Module, optimiser: Optimisers, run: Run) -> None:
    """Write the checkpoint beside its place and move it there: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {"model": model.state_dict(), "optimiser": optimiser.state(), "run": asdict(run)}
    torch.save(state, partial)
    partial.replace(path)


def restore(path: Path, model: nn.Module, optimiser: Optimisers | None = None) -> Run:
    """Load a checkpoint into `model` (and `optimiser`)."""
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    if optimiser is not None:
        optimiser.restore(state["optimiser"])
    return Run(**state["run"])
