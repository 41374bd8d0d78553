"""What plain torch allows for a small net: our step of gradient descent beside other ways.

    python benchmarks/kernels.py [--compile]

The notebook's net (6-16-120-84) on batches of 128 colour images of 32 × 32, in one thread.
Milliseconds of processor time per step and net, the best of several rounds taken in turn, and
how many times as long as ours that is. `--compile` adds torch.compile, which needs a C++
compiler and takes most of a minute before its first step.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.results_tables import markdown
from benchmarks.training import NETS, OPTIMISER
from experiments.training.classifier import normalised
from experiments.training.descent import make_optimiser
from experiments.training.networks import build_model

SMALL = NETS["cnn 6-16-120-84"]
BATCH = 128
ROUNDS = 7
STEPS = 10  # in each round
AT_ONCE = 8  # that one step trains at once
LAST, FIRST = torch.channels_last, torch.contiguous_format

Step = Callable[[], None]
IMAGES = torch.randint(0, 256, (4000, 3, 32, 32), dtype=torch.uint8)
LABELS = torch.randint(0, 10, (4000,))


class Matmul(nn.Module):
    """A convolution as one matrix product over windows; images are (N, H, W, C)."""

    def __init__(self, like: nn.Conv2d):
        super().__init__()
        self.size = like.kernel_size[0]
        weight = like.weight.detach().permute(0, 2, 3, 1).flatten(1)
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(like.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        images, height, width, channels = x.shape
        k = self.size
        rows, columns = height - k + 1, width - k + 1
        across = x.stride()
        windows = x.as_strided(
            (images, rows, columns, k, k * channels),
            (across[0], across[1], across[2], across[1], across[3]),
        )
        found = F.linear(windows.reshape(-1, k * k * channels), self.weight, self.bias)
        return found.reshape(images, rows, columns, -1)


class Halves(nn.Module):
    """Pooling by the larger of two rows, then of two columns; images are (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.maximum(x[:, :, 0::2], x[:, :, 1::2])
        return torch.maximum(x[..., 0::2], x[..., 1::2])


class Widened(nn.Module):
    """Pooling in fp32, which gives the same bits."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x.float(), 2, ceil_mode=True).to(x.dtype)


class Swapped(nn.Module):
    """(N, C, H, W) to (N, H, W, C), or back."""

    def __init__(self, order: tuple[int, ...]):
        super().__init__()
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.order).contiguous()


def net() -> nn.Sequential:
    return build_model(SMALL.architecture, (3, 32, 32), 10, SMALL.hyperparameters, seed=0)


def pooled_by(pooling: Callable[[], nn.Module]) -> nn.Sequential:
    layers = [pooling() if isinstance(one, nn.MaxPool2d) else one for one in net()]
    return nn.Sequential(*layers)


def with_matmul() -> nn.Sequential:
    layers: list[nn.Module] = []
    for one in net():
        if isinstance(one, nn.Conv2d):
            layers += [Swapped((0, 2, 3, 1)), Matmul(one), Swapped((0, 3, 1, 2))]
        else:
            layers.append(one)
    return nn.Sequential(*layers)


def one_net(
    inner: nn.Module, layout: torch.memory_format, bf16: bool, compiled: bool = False
) -> Step:
    """A step of one net, as training takes it."""
    model = normalised(inner, IMAGES).to(memory_format=layout).train()
    optimiser = make_optimiser(model, OPTIMISER)
    called = torch.compile(model) if compiled else model

    def step() -> None:
        chosen = torch.randint(0, len(IMAGES), (BATCH,))
        images = IMAGES[chosen].contiguous(memory_format=layout)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = called(images)
        loss = F.cross_entropy(logits.float(), LABELS[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def many_nets(bf16: bool) -> Step:
    """A step of AT_ONCE nets, as of several samples of one cell."""
    nets = [normalised(net(), IMAGES).train() for _ in range(AT_ONCE)]
    weights, buffers = stack_module_state(nets)

    def loss(own: dict, fixed: dict, images: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = functional_call(nets[0], (own, fixed), (images,))
        return F.cross_entropy(logits.float(), labels)

    slopes = vmap(grad(loss))

    def step() -> None:
        chosen = torch.randint(0, len(IMAGES), (AT_ONCE, BATCH))
        found = slopes(weights, buffers, IMAGES[chosen].float(), LABELS[chosen])
        for name, slope in found.items():
            weights[name] = weights[name] - OPTIMISER["lr"] * slope

    return step


def ways(compiled: bool) -> dict[str, tuple[Step, int]]:
    """Name -> its step, and how many nets that trains."""
    found = {
        "ours: bf16, channels last": (one_net(net(), LAST, True), 1),
        "fp32": (one_net(net(), LAST, False), 1),
        "channels first": (one_net(net(), FIRST, True), 1),
        "pooling by halves": (one_net(pooled_by(Halves), LAST, True), 1),
        "pooling in fp32": (one_net(pooled_by(Widened), LAST, True), 1),
        "convolution by matrix product": (one_net(with_matmul(), FIRST, True), 1),
        f"{AT_ONCE} nets in one step (vmap)": (many_nets(True), AT_ONCE),
    }
    if compiled:
        found["torch.compile"] = (one_net(net(), LAST, True, compiled=True), 1)
    return found


def milliseconds(step: Step, nets: int) -> float:
    """Of processor time, per step and net."""
    start = time.process_time()
    for _ in range(STEPS):
        step()
    return 1000 * (time.process_time() - start) / STEPS / nets


def main() -> None:
    torch.set_num_threads(1)
    found = ways("--compile" in sys.argv[1:])
    for step, _ in found.values():
        for _ in range(3):
            step()
    rounds = [{name: milliseconds(*one) for name, one in found.items()} for _ in range(ROUNDS)]
    best = pd.DataFrame(rounds).min()
    rows = {
        "way": best.index,
        "ms per step and net": best.map("{:.1f}".format),
        "times ours": (best / best.iloc[0]).map("{:.2f}".format),
    }
    print(markdown(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
