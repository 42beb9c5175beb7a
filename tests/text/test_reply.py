from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken

from mtp_mlx.api import Message, ThinkingSyntax
from mtp_mlx.text.codec import Dialogue, LocalCodec
from mtp_mlx.text.reply import ANSWER, OPENED, Channel, Piece, ReplyText, without_thoughts
from mtp_mlx.text.template import ChatTemplate
from mtp_mlx.text.tokenizer import Tokenizer
from mtp_mlx.text.vocabulary import JsonVocabulary
from tests.text.samples import byte_fallback

TOKENIZER = Tokenizer(JsonVocabulary(byte_fallback()))
CHANNELS = ThinkingSyntax(opening="<|channel>", header="thought\n", closing="<channel|>")
HEADER = CHANNELS.header


def ids(*names: str) -> list[int]:
    found = [TOKENIZER.token_id(name) for name in names]
    return [i for i in found if i is not None]


def pieces(*names: str) -> list[Piece]:
    reply = ReplyText(TOKENIZER, CHANNELS)
    return [*(reply.push(i) for i in ids(*names)), reply.flush()]


def shown(found: list[Piece], *, thought: bool) -> str:
    return "".join(piece.text for piece in found if piece.thought is thought)


@pytest.mark.parametrize("header", [("thought", "\n"), ("th", "ought", "\n")])
def test_thoughts_are_told_from_the_answer(header: tuple[str, ...]) -> None:
    found = pieces("<|channel>", *header, "a", "▁the", "<channel|>", "▁model", "x")
    assert shown(found, thought=True) == "a the"
    assert shown(found, thought=False) == " modelx"
    assert [piece.thought for piece in found[:2]] == [True, True]


def test_only_one_newline_belongs_to_the_header() -> None:
    assert shown(pieces("<|channel>", "thought", "\n\n", "a"), thought=True) == "\na"


def test_an_empty_channel_shows_nothing() -> None:
    assert shown(pieces("<|channel>", "thought", "\n", "<channel|>", "a"), thought=False) == "a"
    assert shown(pieces("<|channel>", "<channel|>", "a"), thought=False) == "a"


def test_a_header_cut_short_stays_hidden() -> None:
    found = pieces("<|channel>", "th")
    assert shown(found, thought=True) == shown(found, thought=False) == ""


def test_what_turns_out_not_to_be_a_header_is_a_thought() -> None:
    assert shown(pieces("<|channel>", "th", "x", "<channel|>"), thought=True) == "thx"


def test_the_word_thought_is_hidden_in_a_header_only() -> None:
    assert shown(pieces("thought", "\n", "a"), thought=False) == "thought\na"


def test_bytes_before_a_channel_belong_before_it() -> None:
    found = pieces("<0xC3>", "<0xA9>", "<|channel>", "thought", "\n", "a")
    assert (found[2].text, found[2].thought) == ("é", False)
    found = pieces("<|channel>", "thought", "\n", "<0xC3>", "<0xA9>", "<channel|>", "a")
    assert (found[5].text, found[5].thought) == ("é", True)


@given(names=st.lists(st.sampled_from(["▁the", "a", "\n", "<0xC3>", "<0xA9>", "<eos>", "é"])))
def test_without_channels_a_reply_is_its_decoded_ids(names: list[str]) -> None:
    assert shown(pieces(*names), thought=False) == TOKENIZER.decode(ids(*names))


@given(
    text=st.sampled_from(["thought\nabc", "thought\n", "thou", "thinking\n", "\nthought\n"]),
    cuts=st.lists(st.integers(0, 12)),
)
def test_the_header_may_come_in_any_pieces(text: str, cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(text)]
    channel, found = OPENED, ""
    for begin, end in itertools.pairwise(bounds):
        step = channel.read(text[begin:end], HEADER)
        channel, found = step.channel, found + step.shown
    whole = OPENED.read(text, HEADER)
    assert (channel, found) == (whole.channel, whole.shown)


def test_outside_a_header_text_passes_as_it_is() -> None:
    assert ANSWER.read("thought\n", HEADER).shown == "thought\n"
    assert Channel("thought").read("thought\n", HEADER).shown == "thought\n"


def test_a_ghost_is_the_text_the_draft_would_have_had() -> None:
    reply = ReplyText(TOKENIZER, CHANNELS)
    reply.push(ids("▁the")[0])
    assert reply.peek(ids("▁model")[0]) == " model"
    assert reply.peek(ids("<turn|>")[0]) == "<turn|>"
    assert reply.peek(ids("<channel|>")[0]) == "<channel|>"
    assert reply.push(ids("▁a")[0]) == Piece(" a", thought=False)


OPEN = "<bos>{% for m in messages %}<|turn>x{% endfor %}<|turn>"


@pytest.mark.parametrize(
    ("tail", "thought", "answer"),
    [
        ("<|channel>thought\n", "a the", " model"),
        ("<|channel>", "a the", " model"),
        ("<|channel>thought", "a the", " model"),
        ("<|channel>thought\nthe ", "a the", " model"),
        ("<|channel>thought\n<channel|>", "", "a the model"),
        ("<|channel>thought\nx<turn|>\n<|turn>", "", "a the model"),
        ("", "", "a the model"),
    ],
)
def test_a_thought_that_the_prompt_opens_is_one(tail: str, thought: str, answer: str) -> None:
    codec = LocalCodec(TOKENIZER, ChatTemplate(OPEN + f"{{{{ {json.dumps(tail)} }}}}"), CHANNELS)
    prompt = codec.prompt(Dialogue(messages=(Message(role="user", content="x"),)))
    reply = codec.reply(codec.facts.opened(prompt))
    round_ids = ids("a", "▁the", "<channel|>", "▁model")
    if tail in ("<|channel>", "<|channel>thought"):
        round_ids = [*ids(*(["thought"] if tail == "<|channel>" else []), "\n"), *round_ids]
    found = reply.read(round_ids, last=True).pieces
    assert shown(found, thought=True) == thought
    assert shown(found, thought=False) == answer


def test_a_reply_that_goes_on_is_an_answer() -> None:
    """The reply stands behind the thought that the prompt opened."""
    codec = LocalCodec(TOKENIZER, ChatTemplate(OPEN + "<|channel>thought{{ '\n' }}"), CHANNELS)
    dialogue = Dialogue(messages=(Message(role="user", content="x"),), begun="a the")
    prompt = codec.prompt(dialogue)
    assert codec.facts.opened(prompt) is None
    assert prompt[-len(codec.encode("a the", special=False)) - 1] == ids("<channel|>")[0]


def test_an_end_has_no_text_whatever_the_vocabulary_says() -> None:
    library = byte_fallback()
    library.add_tokens([AddedToken("<stop>", special=False)])
    stop = library.token_to_id("<stop>")
    assert stop is not None
    for ends, text in ((frozenset({stop}), "a the"), (frozenset[int](), "a<stop> the")):
        tokenizer = Tokenizer(JsonVocabulary(library), ends)
        reply = ReplyText(tokenizer, CHANNELS)
        found = reply.read([*ids("a"), stop, *ids("▁the")], [stop], last=True)
        assert shown(found.pieces, thought=False) == text
        assert found.ghosts == ["<stop>"]
        assert tokenizer.decode([*ids("a"), stop, *ids("▁the")]) == text


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ("Just this.", "Just this."),
        ("<|channel>thought\nHm.\nSo.<channel|>Yes.", "Yes."),
        ("A<|channel>thought\n1<channel|>B<|channel>thought\n2<channel|>C", "ABC"),
        ("Yes.<|channel>thought\nstill at it", "Yes."),
    ],
)
def test_a_reply_is_sent_back_without_its_thoughts(raw: str, answer: str) -> None:
    assert without_thoughts(raw, CHANNELS) == answer


def test_a_family_that_does_not_think_has_answers_only() -> None:
    reply = ReplyText(TOKENIZER, None)
    found = [reply.push(i) for i in ids("<|channel>", "thought", "\n", "a", "<channel|>")]
    assert [piece.text for piece in found] == ["", "thought", "\n", "a", ""]
    assert not any(piece.thought for piece in found)
    assert (
        without_thoughts("<|channel>thought\n1<channel|>A", None)
        == "<|channel>thought\n1<channel|>A"
    )


def test_a_family_may_mark_thoughts_in_its_own_way() -> None:
    plain = ThinkingSyntax(opening="<|turn>", header="", closing="<turn|>")
    reply = ReplyText(TOKENIZER, plain)
    found = [reply.push(i) for i in ids("<|turn>", "thought", "\n", "<turn|>", "a")]
    assert shown(found, thought=True) == "thought\n"
    assert shown(found, thought=False) == "a"
    assert without_thoughts("A<|turn>1<turn|>B", plain) == "AB"
