"""The ``torch`` generator: any T5 on a GPU, or on the CPU where nothing faster is there.

The only package that imports PyTorch besides training and conversion. From the bottom up:

- ``checkpoint`` reads weights, ``model`` computes with them, ``positions`` holds T5's relative
  positions; ``plain`` and ``fused`` are the operations between matrix products, in PyTorch and in
  Triton.
- ``slots`` are the tensors of a batch; ``beam`` and ``sampling`` choose the next tokens of all of
  it, ``choice`` the same in Triton.
- ``recording`` replays what was recorded on the device; ``batch`` and ``encoding`` are the two
  things that are recorded.
- ``backend`` lets requests in and out; ``loading`` makes one.
"""

from engine.generators.torch_backend.loading import load

__all__ = ["load"]
