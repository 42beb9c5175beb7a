"""The pair's tokenizer: learnt by SentencePiece, saved as `tokenizer.json` in Gemma 4's style."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

from demo_training.shapes import BOS, CONTEXT, EOS, PAD, VOCABULARY

TEMPLATE = Path(__file__).parent / "chat_template.jinja"

BASIC = ("<pad>", "<eos>", "<bos>", "<unk>")
CONTROL = (
    "<mask>", "<|turn>", "<turn|>", "<|think|>", "<|channel>", "<channel|>", "<|tool>", "<tool|>",
    "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", '<|"|>',
    "<|image|>", "<|audio|>", "<|video|>",
)  # fmt: skip
END_OF_TURN = "<turn|>"
SPACE = "\u2581"
# Blank lines and indentation as one token each, longest first.
RUNS = ("\n\n", SPACE * 8, SPACE * 4, SPACE * 3, SPACE * 2)


def train_tokenizer(texts: Iterable[str], folder: Path) -> None:
    """Learn the vocabulary of `texts`; write tokenizer.json, its config and the template."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="bpe",
        vocab_size=VOCABULARY,
        pad_id=PAD,
        eos_id=EOS,
        bos_id=BOS,
        unk_id=3,
        pad_piece="<pad>",
        eos_piece="<eos>",
        bos_piece="<bos>",
        unk_piece="<unk>",
        user_defined_symbols=[*CONTROL, "\n", *RUNS],
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        max_sentence_length=1 << 16,
        num_threads=2,
        minloglevel=1,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    fast_tokenizer(processor).save(str(folder / "tokenizer.json"))
    write_companions(folder)


def fast_tokenizer(processor: sentencepiece.SentencePieceProcessor) -> Tokenizer:
    """The same vocabulary and merges for the `tokenizers` library."""
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=merges(vocabulary),
            unk_token="<unk>",  # noqa: S106 - a token's name, no password
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", BOS)]
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in (*BASIC, *CONTROL)]
    )
    return tokenizer


def merges(vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Every pair of pieces that joins into a piece, in the order the pieces were learnt."""
    found = [
        (number, (piece[:cut], piece[cut:]))
        for piece, number in vocabulary.items()
        if piece not in BASIC and piece not in CONTROL and not piece.startswith("<0x")
        for cut in range(1, len(piece))
        if piece[:cut] in vocabulary and piece[cut:] in vocabulary
    ]
    found.sort(key=lambda item: (item[0], _ranks(item[1], vocabulary)))
    return [pair for _, pair in found]


def _ranks(pair: tuple[str, str], vocabulary: dict[str, int]) -> tuple[int, int]:
    return vocabulary[pair[0]], vocabulary[pair[1]]


def write_companions(folder: Path) -> None:
    """Write tokenizer_config.json and the chat template beside the tokenizer."""
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
        "additional_special_tokens": list(CONTROL[1:]),
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT,
        "padding_side": "left",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    shutil.copyfile(TEMPLATE, folder / "chat_template.jinja")
