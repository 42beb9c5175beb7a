"""Tiny tokenizers of the kinds that checkpoints use, built on the spot."""

from __future__ import annotations

import io
import json
from pathlib import Path

import sentencepiece
import tokenizers
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors

from mtp_mlx.paths import resources

CONTROLS = ("<pad>", "<eos>", "<bos>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<unk>")
WORDS = ("▁", "▁the", "▁model", "thought", "th", "ought", "\n", "\n\n", "é", "x", "a", "b", "▁a")
DEMO_TOKENIZER = resources() / "demo_pair" / "target" / "tokenizer.json"

SENTENCES = (
    "the model answers a question",
    "a drafter proposes and the target decides",
    "nothing is lost and nothing is sent anywhere",
    "every round emits one token or more",
    "caf\u00e9 na\u00efve \u00fcber stra\u00dfe",
)


def byte_fallback() -> tokenizers.Tokenizer:
    """Gemma's kind: pieces with a space mark, and bytes for what the vocabulary lacks."""
    names = [*CONTROLS, *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS]
    vocabulary = {name: i for i, name in enumerate(names)}
    library = tokenizers.Tokenizer(
        models.BPE(vocab=vocabulary, merges=[], unk_token=CONTROLS[-1], byte_fallback=True)
    )
    library.normalizer = normalizers.Replace(" ", "▁")
    library.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return _with_controls(library)


def byte_level() -> tokenizers.Tokenizer:
    """GPT's kind: every token is a string of bytes, a character may end in the next token."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    names = [*CONTROLS, *sorted(alphabet)]
    library = tokenizers.Tokenizer(
        models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=[])
    )
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    return _with_controls(library)


def stripping() -> tokenizers.Tokenizer:
    """Llama's kind: as Gemma's, and the text's first space is dropped."""
    library = byte_fallback()
    library.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return library


KINDS = {"byte fallback": byte_fallback, "byte level": byte_level, "stripping": stripping}


def write_json(folder: Path, library: tokenizers.Tokenizer, config: dict[str, object]) -> Path:
    """A checkpoint's folder with this tokenizer."""
    library.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def write_pieces(folder: Path) -> Path:
    """A checkpoint's folder with a tokenizer.model only."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 4),
        model_writer=model,
        vocab_size=330,
        model_type="bpe",
        byte_fallback=True,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        bos_id=2,
        eos_id=1,
        unk_id=3,
        pad_id=0,
        bos_piece="<bos>",
        eos_piece="<eos>",
        user_defined_symbols=["<|turn>", "<turn|>"],
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    config = {
        "bos_token": "<bos>",
        "eos_token": {"content": "<eos>"},
        "added_tokens_decoder": {
            "2": {"content": "<bos>", "special": True},
            "330": {"content": "<|channel>", "special": True},
            "331": {"content": "[note]", "special": False},
        },
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def _with_controls(library: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    library.add_special_tokens([AddedToken(name, special=True) for name in CONTROLS])
    bos = library.token_to_id("<bos>")
    library.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", bos), ("<eos>", 1)]
    )
    return library
