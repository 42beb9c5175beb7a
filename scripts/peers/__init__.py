"""Parts of scripts/bench_peers.py: engines as processes that answer one request at a time.

messages      what is asked of an engine and what it answers
serving       an engine's side of the pipe
contestant    the parent's side of it
ours, lm, vlm one engine each: this project's, mlx-lm's loop, mlx-vlm's
folders       one float32 copy of a pair, under names that all three read
random_pair   a pair of random weights in a larger shape
replay        drafts of a chosen acceptance, whatever the weights
race          one reply of each rival, written in turns
schedule      who races whom
identity      are the texts the same?
numbers       medians, ratios, what a round loses
table         the findings as Markdown
"""
