"""Words to token ids and back: tokenizer, chat template, streamed text, thoughts.

Knows nothing of MLX and of families; every function here runs on plain ids and strings.
"""
