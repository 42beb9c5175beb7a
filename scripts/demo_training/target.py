"""Pre-training of the target: next-token cross-entropy on packed chats."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import Gemma4ForCausalLM

from demo_training.batches import Codec, batches, documents
from demo_training.network import Rotation, Seen, rotations, seen, target_hidden, target_logits
from demo_training.optimisers import Optimisers, optimisers, rate_share
from demo_training.shapes import target_config

ROWS, LENGTH = 8, 512
SAVE_EVERY_S = 240.0
CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Budget:
    """Training ends at whichever comes first."""

    steps: int
    minutes: float

    def progress(self, step: int, elapsed_s: float) -> float:
        """From 0 at the start to 1 at the end."""
        return max(step / self.steps, elapsed_s / (60 * self.minutes))


@dataclass(frozen=True, slots=True)
class Run:
    """Where a training run stands; the numbers in the model card are its last values."""

    step: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0
    loss: float = float("nan")


def fresh_target(seed: int) -> Gemma4ForCausalLM:
    """The untrained target. The gains of the norms start where training wants them."""
    torch.manual_seed(seed)
    model = Gemma4ForCausalLM(target_config())
    nn.init.normal_(model.model.embed_tokens.weight, std=model.config.hidden_size**-0.5)
    with torch.no_grad():
        model.model.embed_tokens.weight[model.config.pad_token_id] = 0
    soften(model.model.layers)
    return model


def soften(layers: nn.ModuleList) -> None:
    """Scores of order one instead of sqrt(D), and branches small against the residual."""
    for layer in layers:
        attention = layer.self_attn
        nn.init.constant_(attention.q_norm.weight, 1.5 * attention.head_dim**-0.5)
        for name, parameter in layer.named_parameters():
            if name.startswith("post_"):
                nn.init.constant_(parameter, 0.3)


def train_target(seed: int, budget: Budget, tokenizer: Tokenizer, checkpoint: Path) -> Run:
    """Train, resuming from `checkpoint` where there is one; leaves the checkpoint behind."""
    model = fresh_target(seed)
    optimiser = optimisers(model)
    run = Run()
    if checkpoint.exists():
        run = restore(checkpoint, model, optimiser)
    rotation = rotations(model.model, LENGTH)
    loss_of = torch.compile(text_loss, dynamic=False)
    # A resumed run draws new chats rather than repeat those it has seen.
    source = batches(documents(Codec(tokenizer), seed + run.step), ROWS, LENGTH)
    began, saved = time.monotonic() - run.elapsed_s, time.monotonic()
    average = run.loss
    while (progress := budget.progress(run.step, run.elapsed_s)) < 1:
        batch = next(source)
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(model, batch.ids, batch.weights, rotation, seen(batch.documents))
        loss.backward()
        nn.utils.clip_grad_norm_(optimiser.others.param_groups[0]["params"], CLIP)
        optimiser.step(rate_share(run.step, progress))
        average = smoothed(average, loss.item())
        tokens = run.tokens + int((batch.documents > 0).sum())
        run = Run(run.step + 1, tokens, time.monotonic() - began, average)
        report("target", run, loss.item())
        if time.monotonic() - saved > SAVE_EVERY_S:
            save(checkpoint, model, optimiser, run)
            saved = time.monotonic()
    save(checkpoint, model, optimiser, run)
    return run


def text_loss(
    model: Gemma4ForCausalLM,
    ids: Tensor,
    weights: Tensor,
    rotation: dict[str, Rotation],
    mask: Seen,
) -> Tensor:
    """Weighted mean cross-entropy; weights of a document's first token are 0."""
    hidden, _ = target_hidden(model, ids, rotation, mask)
    logits = target_logits(model, hidden)[:, :-1]
    losses = functional.cross_entropy(
        logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
    )
    counted = weights[:, 1:].flatten()
    return (losses * counted).sum() / counted.sum()


def smoothed(average: float, value: float) -> float:
    """Exponential average over some 50 steps; starts at the first value."""
    return value if average != average else 0.98 * average + 0.02 * value  # noqa: PLR0124


def report(stage: str, run: Run, loss: float) -> None:
    if run.step % 10 == 0:
        speed = run.tokens / run.elapsed_s
        print(
            f"{stage} step {run.step} tokens {run.tokens} loss {loss:.3f} mean {run.loss:.3f} "
            f"{run.elapsed_s:.0f} s {speed:.0f} tokens/s",
            flush=True,
        )


def save(path: Path, model: nn.Module, optimiser: Optimisers, run: Run) -> None:
    """Write the checkpoint beside its place and move it there: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(
        {"model": model.state_dict(), "optimiser": optimiser.state(), "run": asdict(run)}, partial
    )
    partial.replace(path)


def restore(path: Path, model: nn.Module, optimiser: Optimisers | None = None) -> Run:
    """Load a checkpoint into `model` (and `optimiser`)."""
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    if optimiser is not None:
        optimiser.restore(state["optimiser"])
    return Run(**state["run"])
