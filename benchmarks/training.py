"""How fast the training loop is, next to the notebook's loop and a plain one.

    python benchmarks/training.py cifar10.npz

The file holds x_train, y_train, x_test and y_test, as Keras writes them. All loops train the
same nets on the same images, in one run.

Speed: training images per second of the whole machine, the loops taken in turn, medians over
the rounds. Ours runs as in a study, one process of one thread per core. GFLOP/s counts
multiplications and additions of forward and backward passes; the peak is a 2048 x 2048 matrix
product in bf16 on all cores at once, measured in the same run.
Quality: time until the notebook loop's best validation loss on 10 % of the training images.
"""

import argparse
import functools
import itertools
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

sys.path.insert(0, str(Path(__file__).parents[1]))

from experiments.orchestration.engine import WORKER_ENVIRONMENT
from experiments.orchestration.processes import cores
from experiments.tasks.image_classification import Images
from experiments.tasks.images import load_data
from experiments.training.classifier import evaluate, normalised
from experiments.training.descent import batches, make_optimiser, take_step
from experiments.training.devices import find_precision
from experiments.training.image_sets import Split, subset
from experiments.training.networks import build_model
from experiments.training.search_spaces import draw

CPU = torch.device("cpu")
CNN = ("conv1_size", "conv2_size", "fc1_size", "fc2_size")
SHARE = 0.1  # of the pool, in the quality test


@dataclass(frozen=True)
class Net:
    """An architecture with the hyperparameters that it is built with."""

    architecture: str
    hyperparameters: dict[str, Any]


def cnn(*widths: int) -> Net:
    """The notebook's net of two convolutions and two dense layers of these widths."""
    return Net("cnn", dict(zip(CNN, widths)))


def drawn(sample: int) -> Net:
    """The notebook's net, drawn as in its study."""
    values = draw("cnn", sample, space="notebook")
    return cnn(*(values[name] for name in CNN))


NETS = {
    "cnn 6-16-120-84": cnn(6, 16, 120, 84),
    "cnn 55-55-115-115": cnn(55, 55, 115, 115),
    "cnn 100-100-200-200": cnn(100, 100, 200, 200),
    "resnet 16": Net("resnet", {"width": 16, "depth": 1}),
    "mlp 256": Net("mlp", {"hidden": 256, "layers": 2}),
}
MIX = [drawn(sample) for sample in range(1, 9)]
GOALS = {  # (against the notebook's loop, against the plain loop)
    "cnn 6-16-120-84": (12, 3),
    "cnn 55-55-115-115": (8, 3.5),
    "cnn 100-100-200-200": (5.5, 3.5),
    "mix of 8": (8, 3.5),
}
QUALITY_GOALS = {"cnn 6-16-120-84": 10, "cnn 55-55-115-115": 6}  # against the notebook's loop
# epochs, after which the quality test lowers our learning rate by 10, as the trainer does once
DROP = 5
HELD: dict[
    str, Any
] = {}  # in each process: its number, and the images of the speed test, sent once
OPTIMISER = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 0.0}


class Pictures(Dataset):
    """The notebook's way: one image at a time, through PIL, ToTensor and Normalize."""

    transform = transforms.Compose(
        [
            transforms.ToPILImage(),
            transforms.ToTensor(),
            transforms.Normalize((0.5,) * 3, (0.5,) * 3),
        ]
    )

    def __init__(self, split: Split):
        self.pixels = split.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = split.labels.tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pixels[index]), self.labels[index]


def notebook_net(net: Net) -> nn.Module:
    """The same function as ours with ReLU before pooling, as the notebook has it."""
    model = build_model(net.architecture, (3, 32, 32), 10, net.hyperparameters, seed=0)
    if net.architecture != "cnn":
        return model
    layers = list(model)
    for i, layer in enumerate(layers[:-1]):
        if isinstance(layer, nn.MaxPool2d):
            layers[i] = layers[i + 1]
            layers[i + 1] = layer
    return nn.Sequential(*layers)


def our_net(net: Net, images: torch.Tensor, seed: int = 0) -> nn.Module:
    """Ours, ready to be trained on these images."""
    inner = build_model(net.architecture, (3, 32, 32), 10, net.hyperparameters, seed)
    return normalised(inner, images).train()


def loader_loop(net: Net, seconds: float, batch: int, workers: int, threads: int) -> float:
    """Images per second of a plain loop: DataLoader, fp32, SGD."""
    torch.set_num_threads(threads)
    model = notebook_net(net)
    optimiser = torch.optim.SGD(model.parameters(), **OPTIMISER)
    stream = _endless(batch, workers)
    images = 0
    start = 0.0
    for step, (x, y) in enumerate(stream):
        optimiser.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimiser.step()
        if step == 3:  # what was prefetched while others ran is used up
            start = time.perf_counter()
        elif step > 3:
            images += batch
            if time.perf_counter() - start > seconds:
                break
    return images / (time.perf_counter() - start)


@functools.cache
def _endless(batch: int, workers: int) -> Iterator[Any]:
    """Batches without end of a loader that is made once.

    Starting its workers takes longer than a measurement.
    """
    split = HELD["images"]
    data: Dataset = Pictures(split)
    if batch != 4:  # the plain loop
        data = TensorDataset(split.images.contiguous().float() / 127.5 - 1, split.labels)
    stay = {"persistent_workers": True} if workers else {}
    loader = DataLoader(data, batch, shuffle=True, num_workers=workers, drop_last=True, **stay)
    return itertools.chain.from_iterable(itertools.repeat(loader))


def our_loop(net: Net, seconds: float, batch: int, precision: str = "auto") -> float:
    """Images per second of one process of ours with one thread."""
    step = our_step(net, batch, precision)
    images = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        step()
        images += batch
    return images / (time.perf_counter() - start)


def our_step(net: Net, batch: int, precision: str = "auto") -> Callable[[], None]:
    """A function that does one step of ours, warmed up."""
    torch.set_num_threads(1)
    split = HELD["images"]
    model = our_net(net, split.images)
    optimiser = make_optimiser(model, OPTIMISER)
    stream = batches(len(split), batch, 0, CPU)
    found = find_precision(precision, CPU)

    def step() -> None:
        take_step(model, optimiser, split.take(next(stream)), found)

    for _ in range(3):
        step()
    return step


def matmul_peak(seconds: float) -> float:
    """GFLOP/s of one core in a bf16 matrix product."""
    torch.set_num_threads(1)
    a = torch.randn(2048, 2048, dtype=torch.bfloat16)
    a @ a  # the first is slower
    count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ a
        count += 1
    return count * 2 * 2048**3 / (time.perf_counter() - start) / 1e9


def profile_steps(net: Net) -> list[tuple[str, float]]:
    """Where the time of our loop goes: (operation, share of the time), the largest first."""
    step = our_step(net, 128)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(20):
            step()
    times = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    total = sum(times.values())
    return [
        (name.removeprefix("aten::"), times[name] / total)
        for name in sorted(times, key=times.__getitem__)[:-7:-1]
    ]


def flops_per_image(net: Net, batch: int = 8) -> float:
    """Multiplications and additions of a forward and a backward pass."""
    model = notebook_net(net)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(batch, 3, 32, 32)).sum().backward()
    return counter.get_total_flops() / batch


# --- processes: one that uses the whole machine for the peers, one per core for ours ---------


class Crew:
    """Processes that stay, so that importing torch is not part of any measurement."""

    def __init__(self, processes: int, environment: dict[str, str]):
        spawn = multiprocessing.get_context("spawn")
        before = dict(os.environ)
        os.environ |= environment
        self.pipes = []
        for place in range(processes):
            ours, theirs = spawn.Pipe()
            # not a daemon: DataLoader's workers are its children
            spawn.Process(target=_obey, args=(theirs, place)).start()
            self.pipes.append(ours)
        os.environ.clear()
        os.environ.update(before)

    def __call__(self, work: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What `work(*arguments)` answers in each process, all at once."""
        for pipe in self.pipes:
            pipe.send((work, arguments))
        return [pipe.recv() for pipe in self.pipes]

    def end(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)


def _obey(pipe: Connection, place: int) -> None:
    HELD["place"] = place
    while (order := pipe.recv()) is not None:
        work, arguments = order
        pipe.send(work(*arguments))


def hold(split: Split) -> None:
    """Keep the images of the speed test in this process."""
    HELD["images"] = split


# --- quality ---------------------------------------------------------------------------------


def notebook_quality(net: Net, data: Images, epochs: int) -> tuple[float, float]:
    """The notebook's best validation loss in nats, and the seconds of training to it.

    It trains in batches of 4 on a tenth of the images.
    """
    torch.set_num_threads(1)
    split = subset(data.pool, SHARE, 0)
    model = notebook_net(net)
    optimiser = torch.optim.SGD(model.parameters(), **OPTIMISER)
    loader = DataLoader(
        Pictures(split), 4, shuffle=True, num_workers=2, persistent_workers=True
    )
    shown = [images.float() / 127.5 - 1 for images in data.validation.images.split(500)]
    best = np.inf
    best_at = 0.0
    spent = 0.0
    for _ in range(epochs):
        start = time.perf_counter()
        for x, y in loader:
            optimiser.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimiser.step()
        spent += time.perf_counter() - start
        with torch.inference_mode():
            logits = torch.cat([model(x) for x in shown])
        loss = F.cross_entropy(logits, data.validation.labels).item()
        if loss < best:
            best = loss
            best_at = spent
    return best, best_at


def time_to_loss(
    net: Net, data: Images, target: float, hyperparameters: dict[str, Any], limit: float
) -> float:
    """Seconds of training until our validation loss is at most `target`, in nats.

    Evaluations are not counted, as above. Infinite after `limit` seconds.
    """
    torch.set_num_threads(1)
    split = subset(data.pool, SHARE, 0)
    model = our_net(net, split.images, seed=HELD["place"])
    optimiser = make_optimiser(model, hyperparameters)
    stream = batches(len(split), hyperparameters["batch_size"], HELD["place"], CPU)
    precision = find_precision("auto", CPU)
    spent = 0.0
    epoch = 0
    while spent <= limit:
        start = time.perf_counter()
        epoch += 1
        if epoch == DROP + 1:
            optimiser.lr /= 10
        for _ in range(len(split) // hyperparameters["batch_size"]):
            take_step(model, optimiser, split.take(next(stream)), precision)
        spent += time.perf_counter() - start
        if evaluate(model, data.validation, precision).values["loss"] <= target:
            return spent
    return np.inf


# --- tables ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loop:
    """A loop to be timed.

    kind: notebook, plain or ours; the fastest settings of each are compared.
    work: (net, seconds, *settings) -> images per second.
    """

    kind: str
    work: Callable[..., float]
    settings: tuple[int, ...]


LOOPS = {
    "notebook 1t": Loop("notebook", loader_loop, (4, 2, 1)),
    "notebook 2t": Loop("notebook", loader_loop, (4, 2, 2)),
    "plain 0w": Loop("plain", loader_loop, (128, 0, 2)),
    "plain 2w": Loop("plain", loader_loop, (128, 2, 2)),
    "ours 32": Loop("ours", our_loop, (32,)),
    "ours 64": Loop("ours", our_loop, (64,)),
    "ours 128": Loop("ours", our_loop, (128,)),
}


@dataclass(frozen=True)
class Speed:
    """How fast some nets were trained, in images per second; with the best settings."""

    name: str
    notebook: float
    plain: float
    ours: float
    gflops: float
    peak: float  # GFLOP/s of a matrix product
    best: tuple[str, ...]

    def row(self) -> str:
        goals = "{} / {}".format(*GOALS[self.name]) if self.name in GOALS else "–"
        cells = [
            self.name,
            f"{self.notebook:,.0f}",
            f"{self.plain:,.0f}",
            f"{self.ours:,.0f}",
            f"{self.ours / self.notebook:.1f}",
            f"{self.ours / self.plain:.1f}",
            f"{self.gflops:,.0f}",
            f"{self.gflops / self.peak:.0%} of {self.peak:,.0f}",
            goals,
        ]
        return f"| {' | '.join(cells)} |"

    def misses_its_goals(self) -> bool:
        if self.name not in GOALS:
            return False
        notebook, plain = GOALS[self.name]
        return self.ours / self.notebook < notebook or self.ours / self.plain < plain


def time_nets(
    name: str, nets: list[Net], rounds: int, seconds: float, peer: Crew, crew: Crew
) -> Speed:
    """Time all loops on the nets, in turn; medians over the rounds.

    seconds: per round and loop, of a single net.
    """
    peaks = []
    rates: dict[str, list[float]] = {loop: [] for loop in LOOPS}
    each = seconds / len(nets) ** 0.5
    for _ in range(rounds):
        peaks.append(sum(crew(matmul_peak, seconds / 2)))
        for loop_name, loop in LOOPS.items():
            who = crew if loop.kind == "ours" else peer
            speeds = [sum(who(loop.work, net, each, *loop.settings)) for net in nets]
            # the time to train the same images in each
            rates[loop_name].append(statistics.harmonic_mean(speeds))
    medians = {loop_name: statistics.median(values) for loop_name, values in rates.items()}
    best = {kind: fastest(kind, medians) for kind in ("notebook", "plain", "ours")}
    ours = medians[best["ours"]]
    return Speed(
        name=name,
        notebook=medians[best["notebook"]],
        plain=medians[best["plain"]],
        ours=ours,
        gflops=ours * statistics.mean(map(flops_per_image, nets)) / 1e9,
        peak=statistics.median(peaks),
        best=tuple(best.values()),
    )


def fastest(kind: str, rates: dict[str, float]) -> str:
    """The name of the fastest loop of a kind."""
    of_kind = [name for name, loop in LOOPS.items() if loop.kind == kind]
    return max(of_kind, key=lambda name: rates[name])


def print_speed(split: Split, rounds: int, seconds: float, peer: Crew, crew: Crew) -> None:
    """The table of images per second, and where the time goes of those too slow."""
    peer(hold, split)
    crew(hold, split)
    print(
        "| net | notebook's loop | plain loop | ours | × notebook | × plain | GFLOP/s "
        "| of the peak | goals |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    missed = {}
    for name, nets in {**{name: [net] for name, net in NETS.items()}, "mix of 8": MIX}.items():
        speed = time_nets(name, nets, rounds, seconds, peer, crew)
        print(speed.row(), flush=True)
        print(f"  {name}: best settings {', '.join(speed.best)}", file=sys.stderr, flush=True)
        if speed.misses_its_goals():
            missed[name] = crew(profile_steps, nets[0])[0]
    for name, shares in missed.items():
        said = ", ".join(f"{operation} {share:.0%}" for operation, share in shares)
        print(f"\nwhere the time goes, {name}: {said}")


def print_quality(
    data: Images, epochs: int, hyperparameters: dict[str, Any], peer: Crew, crew: Crew
) -> None:
    """The table of times to the notebook's best validation loss."""
    print(
        "\n| net | notebook's best validation loss | in | ours, one process per core "
        "| speed-up | goal |"
    )
    print("|---|---|---|---|---|---|")
    for name, goal in QUALITY_GOALS.items():
        best, seconds = peer(notebook_quality, NETS[name], data, epochs)[0]
        reached = crew(time_to_loss, NETS[name], data, best, hyperparameters, seconds / 3)
        ours = statistics.mean(reached) / cores()  # so many trainings run at once
        print(
            f"| {name} | {best:.3f} | {seconds:.1f} s | {ours:.1f} s "
            f"| {seconds / ours:.1f} | {goal} |",
            flush=True,
        )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "data",
        help="a .npz file with x_train, y_train, x_test, y_test of 32 x 32 colour images",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="per loop, net and round")
    parser.add_argument(
        "--epochs", type=int, default=15, help="of the notebook's loop in the quality test"
    )
    parser.add_argument(
        "--lr", type=float, default=0.005, help="our learning rate in the quality test"
    )
    parser.add_argument(
        "--batch", type=int, default=16, help="our batch size in the quality test"
    )
    parser.add_argument("--only", choices=("speed", "quality"))
    return parser.parse_args()


def main() -> None:
    options = parse()
    data = load_data(f"npz:{options.data}")
    peer = Crew(1, {})
    crew = Crew(cores(), WORKER_ENVIRONMENT)
    if options.only != "quality":
        images = data.pool.take(np.arange(6400))
        print_speed(images, options.rounds, options.seconds, peer, crew)
    if options.only != "speed":
        tuned = {
            "lr": options.lr,
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "batch_size": options.batch,
        }
        print_quality(data, options.epochs, tuned, peer, crew)
    peer.end()
    crew.end()


if __name__ == "__main__":
    main()
