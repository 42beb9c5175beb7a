from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mtp_mlx.errors import DamagedModel
from mtp_mlx.text.tokenizer import Tokenizer, end_token_ids
from tests.text.samples import byte_fallback, write_json, write_pieces


def from_json(folder: Path) -> Tokenizer:
    write_json(folder, byte_fallback(), {"bos_token": "<bos>", "eos_token": "<eos>"})
    return loaded(folder)


def from_pieces(folder: Path) -> Tokenizer:
    return loaded(write_pieces(folder))


def loaded(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.load(folder)
    assert tokenizer is not None
    return tokenizer


both_files = pytest.mark.parametrize("make", [from_json, from_pieces])


def test_a_folder_without_a_tokenizer_has_none(tmp_path: Path) -> None:
    assert Tokenizer.load(tmp_path) is None


@both_files
def test_what_is_encoded_decodes_to_itself(
    tmp_path: Path, make: Callable[[Path], Tokenizer]
) -> None:
    tokenizer = make(tmp_path)
    text = "the model answers: 東京 😀"
    assert tokenizer.decode(tokenizer.encode(text)) == text


@both_files
def test_the_bos_comes_once(tmp_path: Path, make: Callable[[Path], Tokenizer]) -> None:
    tokenizer = make(tmp_path)
    bos = tokenizer.token_id("<bos>")
    assert tokenizer.encode("the model")[0] == bos
    assert tokenizer.encode("<bos>the model") == tokenizer.encode("the model")
    assert bos not in tokenizer.encode("the model", special=False)


@both_files
def test_an_end_token_is_never_added(tmp_path: Path, make: Callable[[Path], Tokenizer]) -> None:
    tokenizer = make(tmp_path)
    assert tokenizer.encode("the model")[-1] != tokenizer.token_id("<eos>")


@both_files
def test_control_tokens_in_a_prompt_become_their_ids(
    tmp_path: Path, make: Callable[[Path], Tokenizer]
) -> None:
    tokenizer = make(tmp_path)
    opened, closed = tokenizer.token_id("<|turn>"), tokenizer.token_id("<|channel>")
    ids = tokenizer.encode("<|turn>a<|channel>", special=False)
    assert (ids[0], ids[-1]) == (opened, closed)


@both_files
def test_names_and_ids_belong_together(tmp_path: Path, make: Callable[[Path], Tokenizer]) -> None:
    tokenizer = make(tmp_path)
    turn = tokenizer.token_id("<turn|>")
    assert turn is not None
    assert tokenizer.token_text(turn) == "<turn|>"
    assert tokenizer.token_id("no such token") is None
    assert tokenizer.token_text(tokenizer.size) == ""
    assert tokenizer.token_text(-1) == ""


def test_ids_outside_the_vocabulary_give_no_text(tmp_path: Path) -> None:
    tokenizer = from_json(tmp_path)
    assert tokenizer.decode([-1, 10**12]) == ""


def test_added_tokens_that_are_no_controls_show_by_name(tmp_path: Path) -> None:
    tokenizer = from_pieces(tmp_path)
    ids = tokenizer.encode("the [note] model", special=False)
    assert 331 in ids
    assert tokenizer.decode([*ids, 330]) == "the [note] model"


def test_a_damaged_file_is_told_with_a_remedy(tmp_path: Path) -> None:
    for name in ("tokenizer.model", "tokenizer.json"):
        (tmp_path / name).write_text("{")
        with pytest.raises(DamagedModel, match=f"{name} cannot be read.*Download"):
            Tokenizer.load(tmp_path)


def test_end_tokens_are_gathered_from_all_files(tmp_path: Path) -> None:
    tokenizer = from_json(tmp_path)
    assert tokenizer.end_ids == {1}
    write(tmp_path / "generation_config.json", {"eos_token_id": [106, 50, None, True]})
    write(tmp_path / "config.json", {"eos_token_id": None, "text_config": {"eos_token_id": 7}})
    named: dict[str, object] = {"eos_token": {"content": "<eos>"}, "eot_token": "<turn|>"}
    write(tmp_path / "tokenizer_config.json", named)
    assert loaded(tmp_path).end_ids == {1, 4, 7, 50, 106}


def test_every_file_may_name_an_end(tmp_path: Path) -> None:
    write_json(tmp_path, byte_fallback(), {"eos_token": ["<eos>", {"content": "<turn|>"}]})
    assert loaded(tmp_path).end_ids == {1, 4}
    write(tmp_path / "tokenizer_config.json", {})
    write(tmp_path / "special_tokens_map.json", {"eos_token": {"content": "<turn|>"}})
    assert loaded(tmp_path).end_ids == {4}
    write(tmp_path / "config.json", {"eos_token_id": [7, 8]})
    assert loaded(tmp_path).end_ids == {4, 7, 8}


def test_a_named_token_is_a_control_where_the_vocabulary_has_it_as_a_piece(tmp_path: Path) -> None:
    library = byte_fallback()
    assert library.token_to_id("▁model") not in library.get_added_tokens_decoder()
    write_json(tmp_path, library, {"sot_token": "▁model", "eot_token": "not there"})
    tokenizer = loaded(tmp_path)
    model = tokenizer.token_id("▁model")
    assert model in tokenizer.special_ids
    assert tokenizer.encode("a▁model", special=False)[-1] == model


def test_end_tokens_need_no_tokenizer(tmp_path: Path) -> None:
    assert end_token_ids(tmp_path) == frozenset()
    write(tmp_path / "generation_config.json", {"eos_token_id": 5})
    write(tmp_path / "tokenizer_config.json", {"eos_token": "<eos>"})
    assert end_token_ids(tmp_path) == {5}


@pytest.mark.parametrize("text", ["{", "[]", "[" * 5000, "\udc80"])
def test_a_damaged_configuration_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DamagedModel, match=r"config\.json cannot be read"):
        end_token_ids(tmp_path)


def write(file: Path, content: dict[str, object]) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
