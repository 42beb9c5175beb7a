"""Checkpoints damaged at random: one mutation or more of what their files say, by a seed.

`scripts/fuzz_checkpoints.py` runs them by the thousand, the suite a few.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mtp_mlx.hub.places import inventory
from tests.support.checkpoints import PairFolders

INDEX = "model.safetensors.index.json"
GENERATION = "generation_config.json"
LONGEST = 300
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, 3, 7, -1, 64, 1000, 2**16, 10**9, 2**31 - 1, 2**31, 2**32, 2**63,
    2**64, 10**30, -(10**30), 0.5, -0.0, 1.5, 1e-30, 1e30, 1e308, float("nan"), float("inf"),
    float("-inf"), "", "x", "0", "None", "\ud800", "x" * 100_000, "\x1b[31m", "a\nb", [], {}, [[]],
    [None], [0], [1, 2, 3], [-1], [2**31], ["x"], [1.5], [True], [[1], [2]], {"a": 1}, {"0": {}},
    {"__float__": "NaN"}, [0] * 10_000, {"full_attention": None},
)  # fmt: skip
CONFIG_FIELDS = (
    "vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads",
    "num_key_value_heads", "num_global_key_value_heads", "head_dim", "global_head_dim",
    "attention_k_eq_v", "num_kv_shared_layers", "hidden_size_per_layer_input",
    "vocab_size_per_layer_input", "sliding_window", "rope_parameters", "rms_norm_eps",
    "final_logit_softcapping", "max_position_embeddings", "tie_word_embeddings", "layer_types",
    "per_layer_config", "enable_moe_block", "num_experts", "top_k_experts",
    "moe_intermediate_size", "use_double_wide_mlp", "quantization", "quantization_config",
    "model_type", "text_config", "eos_token_id", "dtype", "backbone_hidden_size",
    "use_ordered_embeddings", "num_centroids", "centroid_intermediate_top_k", "hidden_activation",
    "architectures", "bos_token_id", "pad_token_id",
)  # fmt: skip
GENERATION_FIELDS = (
    "do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty",
    "presence_penalty", "suppress_tokens", "begin_suppress_tokens", "bad_words_ids",
    "sequence_bias", "forced_bos_token_id", "forced_eos_token_id", "min_length", "min_new_tokens",
    "no_repeat_ngram_size", "eos_token_id", "mtp_draft_position", "num_beams", "typical_p",
    "watermarking_config", "stop_strings", "guidance_scale",
)  # fmt: skip
QUANTIZATION_FIELDS = ("bits", "group_size", "mode", "quant_method", "model.embed_tokens")

Chance = random.Random


def mutate(pair: PairFolders, chance: Chance) -> str:
    """Damage one to three things in the two folders; return what was done, in a line."""
    times = chance.choice((1, 1, 1, 2, 3))
    return "; ".join(
        _once(chance.choice((pair.target, pair.drafter)), chance) for _ in range(times)
    )


def check_list(pair: PairFolders, *, loads: bool) -> None:
    """See that the list of models tells in short sentences why a pair does not load.

    What loads is listed as a pair. What is listed as one may yet not load: headers tell no values.
    """
    (place,) = (p for p in inventory([pair.target.parent]).places if p.owner == "own")
    for model in place.models:
        words = f"{model.problem} {model.remedy}"
        assert len(words) <= LONGEST, words
        assert words.isprintable(), words
    usable = {model.part for model in place.models if model.is_usable}
    assert not loads or usable == {"target", "drafter"}, place


def _once(folder: Path, chance: Chance) -> str:
    kinds: tuple[Callable[[Path, Chance], str], ...] = (
        _config, _config, _config, _generation, _generation, _header, _header, _index, _bytes,
        _file, _rotation, _packing,
    )  # fmt: skip
    kind = chance.choice(kinds)
    try:
        if not all(_is_ordinary(file) for file in folder.iterdir()):  # it could not be read again
            return f"{folder.name}: nothing more"
        return f"{folder.name}{kind(folder, chance)}"
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"{folder.name}: nothing more"


def _is_ordinary(file: Path) -> bool:
    return file.is_file() and file.stat().st_size < 10**8


def _config(folder: Path, chance: Chance) -> str:
    file = folder / "config.json"
    config = _read(file)
    text = config.get("text_config")
    section = text if isinstance(text, dict) and chance.random() < 0.6 else config
    name = chance.choice((*CONFIG_FIELDS, *section))
    return _set(file, config, section, name, chance)


def _rotation(folder: Path, chance: Chance) -> str:
    file = folder / "config.json"
    config = _read(file)
    section = config.get("text_config", config)
    kind = chance.choice(list(section["rope_parameters"]))
    names = ("rope_type", "rope_theta", "partial_rotary_factor", "factor")
    return _set(file, config, section["rope_parameters"][kind], chance.choice(names), chance)


def _packing(folder: Path, chance: Chance) -> str:
    file = folder / "config.json"
    config = _read(file)
    block: dict[str, Any] = {"bits": 4, "group_size": 32}
    config[chance.choice(("quantization", "quantization_config"))] = block
    return _set(file, config, block, chance.choice(QUANTIZATION_FIELDS), chance)


def _generation(folder: Path, chance: Chance) -> str:
    file = folder / GENERATION
    settings = _read(file) if file.exists() else {}
    if chance.random() < 0.5:
        settings["do_sample"] = True
    return _set(file, settings, settings, chance.choice(GENERATION_FIELDS), chance)


def _index(folder: Path, chance: Chance) -> str:
    names = list(_header_of(folder / "model.safetensors")[0])
    places = dict.fromkeys(names, "model.safetensors")
    index: dict[str, Any] = {"metadata": {"total_size": 1}, "weight_map": places}
    what = chance.randrange(4)
    if what == 0:
        return _set(folder / INDEX, index, index, chance.choice(("weight_map", "metadata")), chance)
    if what == 1:
        return _set(folder / INDEX, index, places, chance.choice(names), chance)
    strange = (
        "", ".", "..", "/", "../x", "/dev/zero", "a" * 300, "x\0y", ".model.safetensors",
        "model-00001-of-00002.safetensors", "model-00001-of-99999999.safetensors",
    )  # fmt: skip
    places[chance.choice(names)] = chance.choice(strange)
    _write(folder / INDEX, index)
    return f"/{INDEX}: a file of a strange name"


def _set(file: Path, whole: Any, section: dict[str, Any], name: str, chance: Chance) -> str:
    if chance.random() < 0.15:
        section.pop(name, None)
        _write(file, whole)
        return f"/{file.name}: no {name}"
    section[name] = value = chance.choice(ODD)
    _write(file, whole)
    return f"/{file.name}: {name} = {repr(value)[:60]}"


def _header(folder: Path, chance: Chance) -> str:
    """Change an entry of the header; the tensors' bytes stay as they are."""
    file = folder / "model.safetensors"
    header, body = _header_of(file)
    name = chance.choice([n for n in header if n != "__metadata__"])
    entry = header[name]
    what = chance.choice(("dtype", "shape", "data_offsets", "name", "none", "metadata", "swap"))
    if what == "dtype":
        entry["dtype"] = chance.choice(("F32", "F16", "U8", "I64", "BOOL", "F99", "", None, 3))
    elif what == "shape":
        shape = entry["shape"]
        shapes: tuple[Any, ...] = (
            shape[::-1],
            [],
            [*shape, 1],
            [1, *shape],
            [2**40],
            [-1],
            [0],
            [2**32, 2**32],
        )
        entry["shape"] = chance.choice((*shapes, None, "x", [1.5]))
    elif what == "data_offsets":
        begin, end = entry["data_offsets"]
        places: tuple[Any, ...] = (
            [end, begin],
            [begin, end + 4],
            [0, 4],
            [begin],
            [2**62, 2**63],
            [-4, 0],
        )
        entry["data_offsets"] = chance.choice((*places, None, "xy", [begin, 1e300]))
    elif what == "name":
        header[chance.choice(("x", "", "lm_head.weight", name + ".lora_a", "\x1b"))] = entry
        del header[name]
    elif what == "none":
        header[name] = chance.choice(ODD)
    elif what == "metadata":
        header["__metadata__"] = chance.choice(ODD)
    else:
        other = chance.choice([n for n in header if n != "__metadata__"])
        header[name], header[other] = header[other], header[name]
    _write_weights(file, json.dumps(header).encode(), body)
    return f"/{file.name}: {what} of {name}"


def _bytes(folder: Path, chance: Chance) -> str:
    """Spoil the bytes themselves of a file."""
    names = ("config.json", "model.safetensors", "model.safetensors", GENERATION, INDEX)
    file = folder / chance.choice(names)
    content = bytearray(file.read_bytes() if file.exists() else b"{}")
    header = min(len(content), 4096)
    what = chance.choice(("flip", "cut", "junk", "empty", "length", "bom", "deep", "twice"))
    if what == "flip":
        for _ in range(chance.choice((1, 8))):
            content[chance.randrange(header)] ^= 1 << chance.randrange(8)
    elif what == "cut":
        del content[chance.randrange(len(content)) :]
    elif what == "junk":
        at = chance.randrange(header)
        content[at:at] = chance.randbytes(16)
    elif what == "empty":
        content = bytearray()
    elif what == "length":
        length = chance.choice((0, 1, 7, 2**20, 2**31, 2**40, 2**63, 2**64 - 1))
        content[:8] = length.to_bytes(8, "little")
    elif what == "bom":
        content[:0] = b"\xef\xbb\xbf"
    elif what == "deep":
        content = bytearray(b"[" * 100_000)
    else:
        content = content + content
    file.write_bytes(content)
    return f"/{file.name}: {what}"


def _file(folder: Path, chance: Chance) -> str:
    """Put something that is no ordinary file in a file's place, or a file where none belongs."""
    beside = (
        "._model.safetensors", ".model.safetensors", "model-x.safetensors",
        "adapter_model.safetensors", "model-00001-of-00002.safetensors",
    )  # fmt: skip
    name = chance.choice(("config.json", "model.safetensors", GENERATION, INDEX, *beside))
    file = folder / name
    file.unlink(missing_ok=True)
    what = chance.choice(("pipe", "device", "folder", "nothing", "junk", "loop", "sparse"))
    if what == "pipe":
        os.mkfifo(file)
    elif what == "device":
        file.symlink_to("/dev/zero")
    elif what == "folder":
        file.mkdir()
    elif what == "junk":
        file.write_bytes(b"\0\x05\x16\x07junk")
    elif what == "loop":
        file.symlink_to(file)
    elif what == "sparse":
        with file.open("wb") as stream:
            stream.truncate(2**40)
    return f"/{name}: {what}"


def _read(file: Path) -> dict[str, Any]:
    content = json.loads(file.read_text())
    assert isinstance(content, dict)
    return content


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content))


def _header_of(file: Path) -> tuple[dict[str, Any], bytes]:
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def _write_weights(file: Path, header: bytes, body: bytes) -> None:
    file.write_bytes(len(header).to_bytes(8, "little") + header + body)
