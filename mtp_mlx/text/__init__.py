"""Text to token ids and back: tokenizer, chat template, streamed text, thoughts.

This package knows neither MLX nor families: its functions take plain ids and strings.
"""
