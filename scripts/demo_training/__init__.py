"""Parts of the demonstration pair's training; scripts/train_demo_pair.py puts them in order.

shapes        configurations of target and drafter
tokenizer     SentencePiece vocabulary, tokenizer.json, chat template
batches       conversations -> packed rows with weights and document numbers
network       lean forward passes over transformers' own parameters
optimisers    Muon for matrices, AdamW for the rest, one schedule
training      the loop both models share, over one process a core
target        pre-training
rollouts      text the target writes, for the drafter to learn from
clusters      balanced k-means for the centroid head
drafter       distillation over unrolled draft steps
decoding      greedy and speculative decoding, to measure acceptance
export        saving in the library's format
card          MODEL_CARD.md
"""
