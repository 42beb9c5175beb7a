"""Trains the built-in pair from nothing: a small Gemma 4 and its drafter.

Usage: python scripts/train_demo_pair.py --out resources/demo_pair --seed 0

Stages, each resumable and leaving its result in the work folder or in --out:
  tokenizer   4096 pieces learnt from the corpus
  target      next-token pre-training on packed chats
  drafter     distillation of the finished target over unrolled draft steps
  evaluate    replies to the held-out questions, acceptance, MODEL_CARD.md

Needs torch, transformers 5.21.1, sentencepiece, tokenizers and safetensors; no GPU.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from demo_corpus import conversations, held_out
from demo_training.batches import Codec, pieces, prompt_pieces, rendered
from demo_training.card import Answer, Evaluation, write_card
from demo_training.decoding import acceptance, replies
from demo_training.drafter import fresh_drafter, train_drafter
from demo_training.export import export
from demo_training.rollouts import rollouts
from demo_training.target import fresh_target, train_target
from demo_training.tokenizer import TEMPLATE, train_tokenizer
from demo_training.training import Budget, Run, restore
from jinja2 import Environment
from tokenizers import Tokenizer
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM

STAGES = ("tokenizer", "target", "drafter", "evaluate")
VOCABULARY_CHATS = 60_000
MOST_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train, for how long, and where things go."""

    out: Path
    work: Path
    seed: int
    target: Budget
    drafter: Budget
    rollouts: int

    @property
    def tokenizer_folder(self) -> Path:
        return self.work / "tokenizer"

    @property
    def target_checkpoint(self) -> Path:
        return self.work / "target.pt"

    @property
    def drafter_checkpoint(self) -> Path:
        return self.work / "drafter.pt"

    def tokenizer(self) -> Tokenizer:
        return Tokenizer.from_file(str(self.tokenizer_folder / "tokenizer.json"))


def make_tokenizer(plan: Plan) -> None:
    chats = conversations(plan.seed, VOCABULARY_CHATS)
    # Each text once: the frequent ones would otherwise take the vocabulary for themselves.
    texts = dict.fromkeys(message["content"] for chat in chats for message in chat["messages"])
    train_tokenizer(texts, plan.tokenizer_folder)
    check_template(plan.seed)


def check_template(seed: int) -> None:
    """Raise AssertionError unless training text has exactly the chat template's form."""
    template = Environment(autoescape=False).from_string(TEMPLATE.read_text())  # noqa: S701
    for chat in conversations(seed, 200):
        messages = chat["messages"]
        values = {"messages": messages, "bos_token": "<bos>"}
        if template.render(values) != rendered(pieces(messages)):
            message = f"the chat template and batches.pieces differ for {messages}"
            raise AssertionError(message)


def make_target(plan: Plan) -> None:
    train_target(plan.seed, plan.target, plan.tokenizer(), plan.target_checkpoint)
    model = fresh_target(plan.seed)
    run = restore(plan.target_checkpoint, model)
    export(model, plan.tokenizer_folder, plan.out / "target")
    note(plan, "target", run)


def make_drafter(plan: Plan) -> None:
    target = load_target(plan)
    tokenizer = plan.tokenizer()
    chats = rollouts(target, Codec(tokenizer), plan.seed, plan.rollouts)
    train_drafter(target, tokenizer, chats, plan.seed, plan.drafter, plan.drafter_checkpoint)
    drafter = fresh_drafter(target, plan.seed)
    run = restore(plan.drafter_checkpoint, drafter)
    export(drafter, plan.tokenizer_folder, plan.out / "drafter")
    note(plan, "drafter", run)


def evaluate(plan: Plan) -> None:
    """Answer the held-out questions and write the model card from what came out."""
    target, drafter = load_target(plan), load_drafter(plan)
    tokenizer = plan.tokenizer()
    codec = Codec(tokenizer)
    asked = held_out()
    prompts = [
        codec.document(prompt_pieces([{"role": "user", "content": question}])).ids
        for _, question in asked
    ]
    written = replies(target, prompts, MOST_TOKENS)
    answers = [
        Answer(topic, question, tokenizer.decode(reply.reply, skip_special_tokens=True))
        for (topic, question), reply in zip(asked, written, strict=True)
    ]
    sizes = {"target": parameters(target), "drafter": parameters(drafter)}
    result = Evaluation(answers, acceptance(target, drafter, written), notes(plan), sizes)
    write_card(plan.out, result)
    print(f"acceptance {result.acceptance} rate {result.acceptance.rate:.3f}")
    print(f"mean acceptance length {result.acceptance.mean_acceptance_length:.2f}")


def load_target(plan: Plan) -> Gemma4ForCausalLM:
    """The exported target in float32, weights rounded as they are shipped."""
    return Gemma4ForCausalLM.from_pretrained(plan.out / "target").float().eval()


def load_drafter(plan: Plan) -> Gemma4AssistantForCausalLM:
    return Gemma4AssistantForCausalLM.from_pretrained(plan.out / "drafter").float().eval()


def parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def notes(plan: Plan) -> dict[str, Run]:
    """The finished runs by stage."""
    path = plan.work / "runs.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    return {stage: Run(**values) for stage, values in known.items()}


def note(plan: Plan, stage: str, run: Run) -> None:
    """Remember a finished run for the model card."""
    known = {name: asdict(value) for name, value in (notes(plan) | {stage: run}).items()}
    (plan.work / "runs.json").write_text(json.dumps(known, indent=2) + "\n")


def stages(first: str, last: str) -> Iterator[str]:
    return iter(STAGES[STAGES.index(first) : STAGES.index(last) + 1])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("resources/demo_pair"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/demo_pair"), help="checkpoints")  # noqa: S108
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="first", choices=STAGES, default=STAGES[0])
    parser.add_argument("--to", dest="last", choices=STAGES, default=STAGES[-1])
    parser.add_argument("--steps", type=int, default=2000, help="of the target, at most")
    parser.add_argument("--minutes", type=float, default=45, help="for the target, at most")
    parser.add_argument("--rollouts", type=int, default=2400, help="own replies to learn from")
    parser.add_argument("--drafter-steps", type=int, default=1000)
    parser.add_argument("--drafter-minutes", type=float, default=20)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    plan = Plan(
        out=given.out,
        work=given.work,
        seed=given.seed,
        target=Budget(given.steps, given.minutes),
        drafter=Budget(given.drafter_steps, given.drafter_minutes),
        rollouts=given.rollouts,
    )
    work = {
        "tokenizer": make_tokenizer,
        "target": make_target,
        "drafter": make_drafter,
        "evaluate": evaluate,
    }
    for stage in stages(given.first, given.last):
        work[stage](plan)


if __name__ == "__main__":
    main()
