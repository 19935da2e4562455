"""The shipped network as a start for further training: ONNX in 8 bits → `LineNet`.

What ships has its batch norms folded into the convolutions before them. They are unfolded again:
each gets the mean and deviation that its input has over some lines, and undoes both, so that the
network answers as before and trains as one that was never folded.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from core.reading.numeric import MODEL_DIR
from training.model import LineNet

Weights = tuple[NDArray[np.float32], NDArray[np.float32]]


def restore(model: LineNet, lines: Tensor, path: Path = MODEL_DIR / "numeric.onnx") -> None:
    """Makes `model` answer as the file does. Layers that the file's network lacks stay as they are.

    lines: N×1×32×W in [0, 1], some hundreds that are like those to train on.

    Raises:
        ValueError: the file has other layers than `model`.
    """
    stored = list(_convolutions(path))
    own = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    extra = {m for block in model.far for m in block.modules()}
    if len(stored) != len(own):
        own = [m for m in own if m not in extra]
    if [w.shape for w, _ in stored] != [tuple(m.weight.shape) for m in own]:
        raise ValueError(f"{path} has other layers than training.model.LineNet")
    hooks = []
    norms = _norm_after(model)
    for convolution, (weight, bias) in zip(own, stored, strict=True):
        with torch.no_grad():
            convolution.weight.copy_(torch.from_numpy(weight))
            if convolution.bias is not None:
                convolution.bias.copy_(torch.from_numpy(bias))
            else:
                hooks.append(_unfold(norms[convolution], torch.from_numpy(bias)))
    model.eval()
    with torch.inference_mode():
        model(lines)
    for hook in hooks:
        hook.remove()


def _unfold(norm: nn.BatchNorm2d, bias: Tensor) -> torch.utils.hooks.RemovableHandle:
    """Has `norm` set itself, on what first comes to it, so that all it does is to add `bias`."""

    def measure(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        mean = inputs[0].mean((0, 2, 3))
        variance = inputs[0].var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.bias.data.copy_(mean + bias)

    return norm.register_forward_pre_hook(measure)


def _norm_after(model: nn.Module) -> dict[nn.Conv2d, nn.BatchNorm2d]:
    found = {}
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    for one, following in pairwise(layers):
        if isinstance(one, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            found[one] = following
    return found


def _convolutions(path: Path) -> Iterator[Weights]:
    """Weights and bias of each convolution, in the order in which they are run."""
    graph = onnx.load(path).graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}

    def value(name: str) -> NDArray[np.float32]:
        if name in stored:
            return stored[name].astype(np.float32)
        node = makers[name]
        if node.op_type != "DequantizeLinear":
            raise ValueError(f"{path} is quantised in another way than training.export does")
        whole, scale, zero = (stored[i].astype(np.float32) for i in node.input)
        if scale.ndim:  # one for each channel
            shape = (-1, *[1] * (whole.ndim - 1))
            scale, zero = scale.reshape(shape), zero.reshape(shape)
        return np.asarray((whole - zero) * scale, np.float32)

    for node in graph.node:
        if node.op_type == "Conv":
            yield value(node.input[1]), value(node.input[2])
