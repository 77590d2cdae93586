"""Side by side with PyTorch: the same weights, first checked equal, then timed in turns, each in a process of its own.

    python -m tests.benchmarks                          all of them; about 8 minutes on two quiet cores
    python -m tests.benchmarks training --repeats 21    one of conv, recurrent, training, ...
    python -m tests.benchmarks --same-malloc            with minipixel's malloc setting for PyTorch, too: see below
    python -m tests.benchmarks --json speed.json        the same figures, also as a file
    python -m tests.benchmarks --device gpu --batch 128 both sides on a GPU, where small batches wait for launches

timing.py       taking turns, medians of paired ratios, memory of a fresh process
subjects.py     what both sides make alike: networks, images
cases.py        what is measured
process.py      the process of PyTorch
torch_side.py   the networks of minipixel in PyTorch, in usual and in strongest form
torch_calls.py  what is timed of them
torch_recurrent.py  the recurrences in PyTorch: usual, packed (hand-tuned) and compiled
torch_mcgsm.py  the MCGSM in PyTorch: usual, in pieces that stay in cache, and compiled
layer_pass.py   a layer of minipixel alone, over the shards of a batch
report.py       the tables

A ratio is PyTorch's time over minipixel's: above one, minipixel is faster. The baseline stands beside every ratio.

usual           eager, default layout, the full kernel times its mask in every forward, autograd: what tutorials run
channels_last   eager, channels last, dead kernel rows cut off, ReLU in place
compiled        torch.compile of the same

The strongest of the three is the one that was fastest here. PyTorch has all threads inside its operations; minipixel
has as many forked processes over the shards of the batch, as its trainings have, with BLAS at one thread each. A training
step is the forward and the backward of the mean nats, without optimiser, on both sides. Nothing else may run on the
machine meanwhile.

minipixel asks glibc's malloc to keep freed memory (minipixel/threads.py), which holds for its whole process. So PyTorch
has a process of its own, a fresh one for each row and one for all its forms, in which nobody asks for anything: malloc
as it comes, which is what its users have. With --same-malloc that process asks for the same. The heading says which it
was. One side runs at a time; a turn is timed inside its process, and the other sleeps meanwhile.
"""
