"""Words to token ids and back: tokenizer, chat template, streamed text, thinking channels.

Knows nothing of MLX; every function here runs on plain ids and strings.
"""
