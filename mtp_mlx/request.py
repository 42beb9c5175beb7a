"""The checks of a request, and its prompt as token ids: all before any work is done for it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mtp_mlx.api import (
    MAX_BIAS,
    MAX_DEPTH,
    MAX_PRESENCE_PENALTY,
    Generate,
    Message,
    Mtp,
    RawText,
    Sampling,
    ThinkingSyntax,
    TokenIds,
)
from mtp_mlx.errors import PromptTooLong, UsageError
from mtp_mlx.loading import LoadedPair
from mtp_mlx.report.words import count
from mtp_mlx.text.reply import without_thoughts
from mtp_mlx.text.tokenizer import Tokenizer


def prompt_ids(pair: LoadedPair, request: Generate) -> tuple[int, ...]:
    """Return the request's prompt as token ids. Raises UsageError or PromptTooLong."""
    check_parts(request)
    messages = [part for part in request.prompt if isinstance(part, Message)]
    if messages or request.continue_reply:
        ids = tuple(_templated(pair, messages, request))
    else:
        ids = tuple(token for part in request.prompt for token in _as_it_stands(pair, part))
    if not ids:
        raise UsageError("The prompt is empty.", "Write something first.")
    vocabulary = pair.target.vocabulary
    outside = [i for i in ids if not 0 <= i < vocabulary]
    if outside:
        raise UsageError(
            f"Token id {outside[0]} is outside the vocabulary of {vocabulary}.",
            "Use ids made by this model's tokenizer.",
        )
    context = pair.info.context_length
    if len(ids) >= context:
        raise PromptTooLong(
            f"The conversation has {count(len(ids))} tokens and the model's context holds"
            f" {count(context)}.",
            "Start a new chat, or shorten this one.",
        )
    return ids


def check_parts(request: Generate) -> None:
    """Raises UsageError where the parts of the prompt do not go together."""
    are_messages = {isinstance(part, Message) for part in request.prompt}
    if len(are_messages) > 1:
        raise UsageError("There are two prompts.", "Give messages or token ids, not both.")
    if request.continue_reply and False in are_messages:
        raise UsageError("Token ids have no turns to continue.", "Give messages.")


def _as_it_stands(pair: LoadedPair, part: Message | RawText | TokenIds) -> Sequence[int]:
    match part:
        case TokenIds(ids):
            return ids
        case RawText(text):
            return _tokenizer(pair).encode(text)
        case Message():
            raise AssertionError(part)  # messages are templated together


def _tokenizer(pair: LoadedPair) -> Tokenizer:
    if pair.tokenizer is None:
        raise UsageError("The model's folder has no tokenizer.", "Give token ids: --prompt-ids.")
    return pair.tokenizer


def _templated(pair: LoadedPair, messages: Sequence[Message], request: Generate) -> Sequence[int]:
    tokenizer = _tokenizer(pair)
    if pair.template is None:
        raise UsageError("The model's folder has no chat template.", "Use --raw.")
    begun = _begun_reply(messages, pair.thinking) if request.continue_reply else ""
    turns = messages[:-1] if begun else messages
    prompt = tokenizer.encode(pair.template.render(turns, thinking=request.thinking))
    return [*prompt, *tokenizer.encode(begun, special=False)] if begun else prompt


def _begun_reply(messages: Sequence[Message], thinking: ThinkingSyntax | None) -> str:
    """Return the text so far of the reply to continue. Raises UsageError where there is none.

    It is tokenised apart from the template, behind whose opening of a turn it was generated: where
    the same tokens come out, the cache that holds them is reused.
    """
    last = messages[-1] if messages else None
    begun = without_thoughts(last.content, thinking) if last and last.role == "assistant" else ""
    if not begun:
        raise UsageError("There is no reply to continue.", "End the messages with its text so far.")
    return begun


def check_request(request: Generate, sampling: Sampling, vocabulary: int) -> None:
    """Refuse settings that cannot be honoured. Raises UsageError."""
    check_parts(request)
    if request.max_tokens < 1:
        raise UsageError(f"{request.max_tokens} tokens is no reply.", "Ask for at least 1 token.")
    check_mtp(request.mtp)
    if not 0 <= request.seed < 2**64:
        raise UsageError(f"The seed {request.seed} is out of range.", "Use 0 to 2^64 - 1.")
    _check_sampling(sampling)
    _check_bias(sampling.logit_bias, vocabulary)


def check_mtp(mtp: Mtp) -> None:
    """Raises UsageError for a K that is out of range."""
    if isinstance(mtp, int) and not 0 <= mtp <= MAX_DEPTH:
        raise UsageError(f"K {mtp} is out of range.", f"Use off, auto or 0 to {MAX_DEPTH}.")


def _check_sampling(sampling: Sampling) -> None:
    ranges = (
        ("temperature", sampling.temperature, 0, 100),
        ("top-p", sampling.top_p, 0, 1),
        ("min-p", sampling.min_p, 0, 1),
        ("top-k", sampling.top_k, 0, math.inf),
        (
            "presence penalty",
            sampling.presence_penalty,
            -MAX_PRESENCE_PENALTY,
            MAX_PRESENCE_PENALTY,
        ),
    )
    for name, value, least, most in ranges:
        if not least <= value <= most:  # false for NaN
            span = f"{least} or more" if most == math.inf else f"{least} to {most:g}"
            raise UsageError(f"{name} {value:g} is out of range.", f"Use {span}, or leave it out.")
    if not 0 < sampling.repetition_penalty < math.inf:
        raise UsageError(
            f"A repetition penalty of {sampling.repetition_penalty:g} makes no sense.",
            "Use a number a little above 1, or 1 for none.",
        )


def _check_bias(biases: Sequence[tuple[int, float]], vocabulary: int) -> None:
    seen: set[int] = set()
    for token, bias in biases:
        if not 0 <= token < vocabulary:
            raise UsageError(
                f"A logit bias is for token id {token}, outside the vocabulary of {vocabulary}.",
                "Use ids made by this model's tokenizer.",
            )
        if not -MAX_BIAS <= bias <= MAX_BIAS:  # false for NaN
            raise UsageError(
                f"A logit bias of {bias:g} is out of range.",
                f"Use {-MAX_BIAS} to {MAX_BIAS}, or leave it out.",
            )
        if token in seen:
            raise UsageError(f"Token id {token} has two logit biases.", "Give one of them.")
        seen.add(token)
