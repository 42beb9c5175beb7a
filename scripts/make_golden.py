"""Record what the reference implementation computes for the miniature pairs.

    pip install ".[reference]"
    python -m scripts.make_golden            # writes tests/golden/<shape>.json

Nothing is taken from the reference's own generation loop: after a rejection it leaves one key too
many, past the window rejected ones, and its drafters' windows are one key too wide. Instead every
round runs the target afresh over all tokens but the anchor, so that the keys shared with the
drafter are exactly those of the tokens seen; of the sliding ones it gets the last `window`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from tests.support.configs import Config, drafter_config, target_text_config
from tests.support.shapes import SHAPES, VOCABULARY, WINDOW, Shape
from tests.support.weights import Weights, drafter_weights, target_weights

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
PROMPT_LENGTH = 24
TEXT_LENGTH = 60
WIDE_WINDOW = 128  # nothing recorded is longer
DEPTH = 3
ROUNDS = 12
LAST_ROWS = 3
TOP = 4
SMALLEST_MARGIN = 0.02  # closer calls could fall otherwise by rounding: choose another seed

POSITIONS = {"last-seen": -1, "anchor": 0}  # against the number of tokens seen


@dataclass(frozen=True, slots=True)
class Seen:
    """The target's outputs over a sequence, and the keys and values its drafter reads."""

    logits: Any  # [n, vocabulary]
    hidden: Any  # [n, hidden], final-normed
    shared: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A target and its drafter as the reference implementation builds them."""

    target: Any
    drafter: Any
    window: int

    def see(self, tokens: list[int]) -> Seen:
        outputs = self.target(
            input_ids=torch.tensor([tokens]),
            use_cache=False,
            output_hidden_states=True,
            return_shared_kv_states=True,
        )
        shared = dict(outputs.shared_kv_states)
        keys, values = shared["sliding_attention"]
        shared["sliding_attention"] = keys[:, :, -self.window :], values[:, :, -self.window :]
        return Seen(outputs.logits[0], outputs.hidden_states[-1][0], shared)

    def draft(self, token: int, seen: Seen, position: int) -> list[Any]:
        """The logits of DEPTH steps, each fed with the best token of the step before."""
        hidden = seen.hidden[-1].reshape(1, 1, -1)
        logits = []
        for _ in range(DEPTH):
            embedded = self.target.model.embed_tokens(torch.tensor([[token]]))
            outputs = self.drafter(
                inputs_embeds=torch.cat([embedded, hidden], dim=-1),
                position_ids=torch.tensor([[position]]),
                shared_kv_states=seen.shared,
                use_cache=False,
            )
            logits.append(outputs.logits[0, -1])
            hidden = outputs.last_hidden_state
            token = int(logits[-1].argmax())
        return logits


def build(shape: Shape, window: int) -> Reference:
    family = "Gemma4Unified" if shape.unified else "Gemma4"
    target = _model(
        f"{family}TextConfig",
        f"{family}ForCausalLM",
        target_text_config(shape, window=window),
        target_weights(shape),
    )
    drafter = _model(
        f"{family}AssistantConfig",
        f"{family}AssistantForCausalLM",
        drafter_config(shape, window=window),
        drafter_weights(shape),
    )
    return Reference(target, drafter, window)


def _model(config_class: str, model_class: str, config: Config, weights: Weights) -> Any:
    settings = {name: value for name, value in config.items() if name != "model_type"}
    model = getattr(transformers, model_class)(getattr(transformers, config_class)(**settings))
    model.set_attn_implementation("eager")
    tensors = {name: torch.tensor(value) for name, value in weights.items()}
    report = model.load_state_dict(tensors, strict=False)
    if report.unexpected_keys or report.missing_keys != ["lm_head.weight"]:  # it is tied
        raise SystemExit(f"The miniature's weights are not the reference's: {report}")
    model.tie_weights()
    return model.eval()


def record(shape: Shape) -> dict[str, Any]:
    draws = np.random.RandomState(7)  # the one generator numpy promises to keep
    prompt = [int(token) for token in draws.randint(3, VOCABULARY, PROMPT_LENGTH)]
    return {
        "reference": {
            "transformers": transformers.__version__,
            "torch": torch.__version__.split("+")[0],
        },
        "prompt": prompt,
        "windows": [record_window(build(shape, w), prompt) for w in (WIDE_WINDOW, WINDOW)],
    }


def record_window(reference: Reference, prompt: list[int]) -> dict[str, Any]:
    seen = reference.see(prompt)
    return {
        "window": reference.window,
        "logits": _rounded(seen.logits[-LAST_ROWS:]),
        "hidden": _rounded(seen.hidden[-LAST_ROWS:]),
        "text": greedy_text(reference, prompt),
        "rounds": {
            rule: record_rounds(reference, prompt, offset) for rule, offset in POSITIONS.items()
        },
    }


def greedy_text(reference: Reference, prompt: list[int]) -> list[int]:
    tokens = list(prompt)
    for _ in range(TEXT_LENGTH):
        tokens.append(_best(reference.see(tokens).logits[-1]))
    return tokens[len(prompt) :]


def record_rounds(reference: Reference, prompt: list[int], offset: int) -> list[dict[str, Any]]:
    """Rounds in sequence. `length` counts the tokens seen: all emitted ones but the anchor."""
    anchor = _best(reference.see(prompt).logits[-1])
    tokens = [*prompt, anchor]
    rounds = []
    for _ in range(ROUNDS):
        length = len(tokens) - 1
        steps = reference.draft(tokens[-1], reference.see(tokens[:-1]), length + offset)
        drafts = [_best(step) for step in steps]
        chosen = [_best(row) for row in reference.see(tokens + drafts).logits[length:]]
        accepted = _common_prefix(drafts, chosen)
        rounds.append(
            {
                "anchor": tokens[-1],
                "length": length,
                "drafts": drafts,
                "top": [_top(step) for step in steps],
                "accepted": accepted,
            }
        )
        tokens += chosen[: accepted + 1]
    return rounds


def _common_prefix(drafts: list[int], chosen: list[int]) -> int:
    wrong = [i for i, draft in enumerate(drafts) if draft != chosen[i]]
    return wrong[0] if wrong else len(drafts)


def _best(logits: Any) -> int:
    first, second = logits.topk(2).values.tolist()
    if first - second < SMALLEST_MARGIN:
        raise SystemExit(f"A call as close as {first - second:.4f}: give the shape another seed.")
    return int(logits.argmax())


def _top(logits: Any) -> dict[str, list[Any]]:
    top = logits.topk(TOP)
    return {"ids": top.indices.tolist(), "logits": _rounded(top.values)}


def _rounded(values: Any) -> Any:
    return np.round(values.double().numpy(), 5).tolist()


def main() -> None:
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for shape in SHAPES.values():
        path = GOLDEN / f"{shape.name}.json"
        path.write_text(json.dumps(record(shape)) + "\n", encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
