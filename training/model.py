"""The line reader: fully convolutional, from pixels to a distribution over characters per frame.

A frame is two pixels wide, and the narrowest marks ('.', '١') are some five apart at this height:
each has a frame of its own and CTC's blank fits between two that are equal.
"""

from torch import Tensor, nn

from training.grammar import CHARSET

WAIST = 64


class LineNet(nn.Module):
    """N×1×32×W in [0, 1] (ink is 1) → N×(W / 2)×C log-probabilities; class 0 is the blank."""

    def __init__(self, channels: tuple[int, ...] = (32, 48, 80, 112, 144)) -> None:
        super().__init__()
        a, b, c, d, e = channels
        self.shapes = nn.Sequential(
            *_conv(1, a, (5, 5), stride=(2, 2)),  # 16 rows
            *_conv(a, b, (3, 3), stride=(2, 1)),  # 8
            *_conv(b, c, (3, 3), stride=(2, 1)),  # 4
            *_conv(c, d, (3, 3), stride=(2, 1)),  # 2
            *_conv(d, e, (2, 1), padding=(0, 0)),  # 1
        )
        self.context = nn.ModuleList(
            nn.Sequential(*_conv(e, e, (1, 5), dilation=(1, step))) for step in (1, 2)
        )
        # Wider still, through a narrow waist: whether a mark groups or begins decimals, and whether
        # a dot is a zero, is said by the marks and zeros further along.
        self.far = nn.ModuleList(
            nn.Sequential(
                *_conv(e, WAIST, (1, 1)),
                *_conv(WAIST, WAIST, (1, 5), dilation=(1, step)),
                nn.Conv2d(WAIST, e, 1),
            )
            for step in (4, 8)
        )
        for block in self.far:  # they begin by changing nothing
            nn.init.zeros_(block[-1].weight)
            nn.init.zeros_(block[-1].bias)
        self.whole = nn.Conv2d(e, e, 1)
        nn.init.zeros_(self.whole.weight)
        nn.init.zeros_(self.whole.bias)
        self.answer = nn.Conv2d(e, len(CHARSET) + 1, 1)

    def forward(self, lines: Tensor) -> Tensor:
        x = self.shapes(lines)
        for layer in self.context:
            x = x + layer(x)
        for layer in self.far:
            x = x + layer(x)
        # The strongest answer of each channel along the line tells every frame the script and the
        # face it stands in: a kufic ٥ is the 0 of many a Western face. The strongest, not the
        # mean, since that would change with the padding.
        x = (x + self.whole(x.amax(dim=3, keepdim=True))).relu()
        return self.answer(x).squeeze(2).transpose(1, 2).float().log_softmax(-1)


def _conv(
    inputs: int,
    outputs: int,
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: tuple[int, int] | None = None,
) -> list[nn.Module]:
    if padding is None:
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
