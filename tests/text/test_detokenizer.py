from __future__ import annotations

import functools
from collections.abc import Sequence

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from mtp_mlx.text.reply import WINDOW, StreamingDetokenizer
from mtp_mlx.text.tokenizer import Tokenizer
from mtp_mlx.text.vocabulary import JsonVocabulary
from tests.text.samples import DEMO_TOKENIZER, KINDS

TEXTS = (
    "héllo wörld",
    "👨\u200d👩\u200d👧 family",
    "日本語のテキスト",
    "a\n\n  b",
    "e\u0301",
    "x" * 40,
)


@functools.cache
def sample(kind: str) -> Tokenizer:
    if kind == "demo":
        return Tokenizer(JsonVocabulary(tokenizers.Tokenizer.from_file(str(DEMO_TOKENIZER))))
    return Tokenizer(JsonVocabulary(KINDS[kind]()))


demo = pytest.param(
    "demo", marks=pytest.mark.skipif(not DEMO_TOKENIZER.exists(), reason="no built-in pair here")
)
every_kind = pytest.mark.parametrize("kind", [*KINDS, demo])


def stream(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    detokenizer = StreamingDetokenizer(tokenizer)
    return [*(detokenizer.push(i) for i in ids), detokenizer.flush()]


@every_kind
@given(data=st.data())
def test_joined_pieces_are_the_decoded_whole(kind: str, data: st.DataObject) -> None:
    tokenizer = sample(kind)
    ids = data.draw(st.lists(st.integers(0, tokenizer.size + 2), max_size=60))
    assert "".join(stream(tokenizer, ids)) == tokenizer.decode(ids)


@every_kind
@given(text=st.one_of(st.sampled_from(TEXTS), st.text(max_size=30)))
def test_no_piece_holds_half_a_character(kind: str, text: str) -> None:
    tokenizer = sample(kind)
    ids = tokenizer.encode(text, special=False)
    whole = tokenizer.decode(ids)
    pieces = stream(tokenizer, ids)
    assert "".join(pieces) == whole
    if "\ufffd" not in whole:
        assert not any("\ufffd" in piece for piece in pieces)


def test_text_comes_as_soon_as_it_is_certain() -> None:
    tokenizer = sample("byte fallback")
    assert stream(tokenizer, tokenizer.encode("the xa", special=False))[:-1] != [""] * 6
    assert stream(tokenizer, tokenizer.encode("ax", special=False)) == ["a", "x", ""]


def test_bytes_wait_for_the_end_of_their_run() -> None:
    tokenizer = sample("byte fallback")
    ids = [*tokenizer.encode("😀", special=False), *tokenizer.encode("a", special=False)]
    assert stream(tokenizer, ids) == ["", "", "", "", "😀a", ""]


def test_byte_level_characters_come_with_their_last_byte() -> None:
    tokenizer = sample("byte level")
    assert stream(tokenizer, tokenizer.encode("é😀", special=False)) == [
        "", "é", "", "", "", "😀", "",
    ]  # fmt: skip


@every_kind
@given(data=st.data())
def test_a_peek_tells_the_next_text_and_changes_nothing(kind: str, data: st.DataObject) -> None:
    tokenizer = sample(kind)
    token = st.integers(0, tokenizer.size - 1)
    ids = data.draw(st.lists(token, min_size=1, max_size=30))
    detokenizer = StreamingDetokenizer(tokenizer)
    pieces = []
    for i in ids:
        detokenizer.peek(data.draw(token))
        pieces.append(detokenizer.push(i))
    assert "".join([*pieces, detokenizer.flush()]) == tokenizer.decode(ids)


def test_a_peek_shows_the_word_with_its_space() -> None:
    tokenizer = sample("byte fallback")
    detokenizer = StreamingDetokenizer(tokenizer)
    the, model = tokenizer.token_id("▁the"), tokenizer.token_id("▁model")
    assert the is not None
    assert model is not None
    detokenizer.push(the)
    assert detokenizer.peek(model) == " model"
    assert detokenizer.push(the) == " the"


def test_special_tokens_have_no_text() -> None:
    tokenizer = sample("byte fallback")
    assert stream(tokenizer, sorted(tokenizer.special_ids)) == [""] * 9


def test_a_new_text_begins_after_a_flush() -> None:
    tokenizer = sample("stripping")
    detokenizer = StreamingDetokenizer(tokenizer)
    the = tokenizer.token_id("▁the")
    assert the is not None
    assert [detokenizer.push(the), detokenizer.push(the), detokenizer.flush()] == [
        "the",
        " the",
        "",
    ]
    assert detokenizer.push(the) == "the"


def test_a_long_reply_costs_the_same_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = sample("byte fallback")
    decoded = 0
    decode = tokenizer.decode

    def counted(ids: Sequence[int]) -> str:
        nonlocal decoded
        decoded += len(ids)
        return decode(ids)

    monkeypatch.setattr(tokenizer, "decode", counted)
    detokenizer = StreamingDetokenizer(tokenizer)
    byte = tokenizer.token_id("<0xFF>")
    word = tokenizer.token_id("▁model")
    assert byte is not None
    assert word is not None
    for _ in range(2000):
        detokenizer.push(word)
    for _ in range(2000):
        detokenizer.push(byte)
    detokenizer.flush()
    assert decoded < 4000 * 3 * WINDOW  # decoding the whole reply each time takes millions
