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
from mtp_mlx.text.codec import Cancelled, Codec, Dialogue, never
from mtp_mlx.text.reply import without_thoughts

MOST_CHARACTERS = 256
"""Characters a token stands for at most, on the average of a text."""


def prompt_ids(
    pair: LoadedPair, request: Generate, cancelled: Cancelled = never
) -> tuple[int, ...]:
    """Return the request's prompt as token ids. Raises UsageError or PromptTooLong.

    Where `cancelled` says so while it is read, raises ReadingCancelledError.
    """
    check_parts(request)
    _check_length(request, pair.info.context_length)
    messages = [part for part in request.prompt if isinstance(part, Message)]
    if messages or request.continue_reply:
        dialogue = _dialogue(messages, request, pair.thinking)
        ids = tuple(_codec(pair).prompt(dialogue, cancelled))
    else:
        parts = (_as_it_stands(pair, part, cancelled) for part in request.prompt)
        ids = tuple(token for part in parts for token in part)
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


def _check_length(request: Generate, context: int) -> None:
    """Raises PromptTooLong for a text that no tokenizer makes short enough: it is not read."""
    length = sum(
        len(part.content if isinstance(part, Message) else part.text)
        for part in request.prompt
        if not isinstance(part, TokenIds)
    )
    if length > context * MOST_CHARACTERS:
        raise PromptTooLong(
            f"The conversation has {count(length)} characters and the model's context holds "
            f"{count(context)} tokens.",
            "Start a new chat, or shorten this one.",
        )


def check_parts(request: Generate) -> None:
    """Raises UsageError where the parts of the prompt do not go together."""
    are_messages = {isinstance(part, Message) for part in request.prompt}
    if len(are_messages) > 1:
        raise UsageError("There are two prompts.", "Give messages or token ids, not both.")
    if request.continue_reply and False in are_messages:
        raise UsageError("Token ids have no turns to continue.", "Give messages.")


def _as_it_stands(
    pair: LoadedPair, part: Message | RawText | TokenIds, cancelled: Cancelled
) -> Sequence[int]:
    match part:
        case TokenIds(ids):
            return ids
        case RawText(text):
            return _codec(pair).encode(text, cancelled=cancelled)
        case Message():
            raise AssertionError(part)  # messages are templated together


def _codec(pair: LoadedPair) -> Codec:
    if pair.codec is None:
        raise UsageError(
            "The model's folder has no tokenizer.",
            "Download the model again, or give token ids on the command line (--prompt-ids).",
        )
    return pair.codec


def _dialogue(
    given: Sequence[Message], request: Generate, thinking: ThinkingSyntax | None
) -> Dialogue:
    begun = _begun_reply(given, thinking) if request.continue_reply else ""
    turns = given[:-1] if begun else given
    return Dialogue(messages=tuple(turns), thinking=request.thinking, begun=begun)


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
