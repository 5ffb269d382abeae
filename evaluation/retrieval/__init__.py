"""How well a network finds the same person again: mAP, CMC and mINP of queries ranked against galleries.

``layout`` says who is ranked against whom, ``space`` how far apart two pictures are, ``rerank`` corrects that by the
neighbours and ``position`` by where and when, ``ranks`` and ``scores`` count; ``protocols`` are the rules of the public
sets and their submissions.
"""
