"""How many rows the caches reserve, and how many are read at a time. Loads no MLX."""

GRANULE = 256  # positions: buffers are whole multiples of it
GROWTH = 8  # a buffer that is full grows by one row in so many

SLACK = 256  # spare rows: the window is moved to the front once in about so many tokens
AT_ONCE = 2048  # rows of the first buffer, at most: a larger window may never be filled
REWIND = 32  # rows that can always be trimmed: more than any round drafts

CHUNK = 2048  # rows of a prompt in one forward pass, at the most: fewer are read more slowly
BLOCK = 256  # rows; measured on the CPU: 64 and 128 read a prompt as fast, 512 more slowly

ALONE = 2**25
"""Bytes of a block's scores above which the next block waits for them.

MLX begins what follows while a block is computed: measured on the CPU, all eight blocks of a chunk
held their scores at once. A smaller block takes too little time to be worth the wait."""
