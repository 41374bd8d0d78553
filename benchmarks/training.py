"""How fast the training loop is, next to the notebook's loop and a plain one: same nets, same images, one run.

    python benchmarks/training.py cifar10.npz        (x_train, y_train, x_test, y_test, as Keras writes it)

Speed: training images per second of the whole machine, the loops taken in turn, medians over the rounds. Ours runs
as in a study, one process of one thread per core. GFLOP/s counts multiplications and additions of forward and
backward passes; the peak is a 2048 x 2048 matrix product in bf16 on all cores at once, measured in the same run.
Quality: time until the notebook loop's best validation loss on 10 % of the training images.
"""

import argparse
import itertools
import multiprocessing
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

sys.path.insert(0, str(Path(__file__).parents[1]))

from experiments.data import Split, load_data, subset
from experiments.engine import cores
from experiments.models import build_model
from experiments.study import WORKER_ENVIRONMENT
from experiments.train import (
    Classifier,
    batches,
    evaluate,
    find_precision,
    make_optimiser,
    pixel_statistics,
    take_step,
)
from experiments.trial import draw

CPU = torch.device("cpu")
CNN = ("conv1_size", "conv2_size", "fc1_size", "fc2_size")
NETS = {
    "cnn 6-16-120-84": ("cnn", dict(zip(CNN, (6, 16, 120, 84)))),
    "cnn 55-55-115-115": ("cnn", dict(zip(CNN, (55, 55, 115, 115)))),
    "cnn 100-100-200-200": ("cnn", dict(zip(CNN, (100, 100, 200, 200)))),
    "resnet 16": ("resnet", {"width": 16, "depth": 1}),
    "mlp 256": ("mlp", {"hidden": 256, "layers": 2}),
}
MIX = [("cnn", {name: draw("cnn", sample, 0, "notebook")[name] for name in CNN}) for sample in range(1, 9)]
GOALS = {  # (against the notebook's loop, against the plain loop)
    "cnn 6-16-120-84": (12, 3),
    "cnn 55-55-115-115": (8, 3.5),
    "cnn 100-100-200-200": (5.5, 3.5),
    "mix of 8": (8, 3.5),
}
OPTIMISER = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 0.0}


class Pictures(Dataset):
    """The notebook's way: one image at a time, through PIL, ToTensor and Normalize."""

    transform = transforms.Compose(
        [transforms.ToPILImage(), transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
    )

    def __init__(self, split: Split):
        self.pixels = split.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = split.labels.tolist()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.pixels[index]), self.labels[index]


def notebook_net(net, image=(3, 32, 32), classes=10) -> nn.Module:
    """The same function as ours with ReLU before pooling, as the notebook has it."""
    architecture, hyperparameters = net
    model = build_model(architecture, image, classes, hyperparameters, seed=0)
    if architecture == "cnn":
        layers = list(model)
        for i, layer in enumerate(layers[:-1]):
            if isinstance(layer, nn.MaxPool2d):
                layers[i], layers[i + 1] = layers[i + 1], layer
        model = nn.Sequential(*layers)
    return model


def loader_loop(net, split: Split, seconds: float, batch: int, workers: int, threads: int) -> float:
    """Images per second of a plain loop: DataLoader, fp32, SGD."""
    torch.set_num_threads(threads)
    model = notebook_net(net)
    optimiser = torch.optim.SGD(model.parameters(), **OPTIMISER)
    data = Pictures(split) if batch == 4 else TensorDataset(split.images.contiguous().float() / 127.5 - 1, split.labels)
    images = 0
    with_workers = {"persistent_workers": True} if workers else {}
    loader = DataLoader(data, batch, shuffle=True, num_workers=workers, drop_last=True, **with_workers)
    start = None
    for step in itertools.count():
        if step % len(loader) == 0:
            stream = iter(loader)
        x, y = next(stream)
        optimiser.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimiser.step()
        if step == 3:  # the workers are up
            start = time.perf_counter()
        elif step > 3:
            images += batch
            if time.perf_counter() - start > seconds:
                break
    return images / (time.perf_counter() - start)


def our_loop(net, split: Split, seconds: float, batch: int, precision: str = "auto") -> float:
    """Images per second of one process of ours with one thread."""
    torch.set_num_threads(1)
    architecture, hyperparameters = net
    inner = build_model(architecture, tuple(split.images.shape[1:]), 10, hyperparameters, seed=0)
    model = Classifier(inner, *pixel_statistics(split.images)).to(memory_format=torch.channels_last).train()
    optimiser, stream = make_optimiser(model, OPTIMISER), batches(len(split), batch, 0, CPU)
    precision = find_precision(precision, CPU)
    for _ in range(3):
        take_step(model, optimiser, split.take(next(stream)), precision)
    images, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        take_step(model, optimiser, split.take(next(stream)), precision)
        images += batch
    return images / (time.perf_counter() - start)


def matmul_peak(seconds: float) -> float:
    """GFLOP/s of one core in a bf16 matrix product."""
    torch.set_num_threads(1)
    a = torch.randn(2048, 2048, dtype=torch.bfloat16)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ a
        count += 1
    return count * 2 * 2048**3 / (time.perf_counter() - start) / 1e9


def flops_per_image(net, batch: int = 8) -> float:
    model = notebook_net(net)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(batch, 3, 32, 32)).sum().backward()
    return counter.get_total_flops() / batch


# --- processes: one that uses the whole machine for the peers, one per core for ours -----------------


class Crew:
    """Processes that stay, so that importing torch is not part of any measurement."""

    def __init__(self, processes: int, environment: dict):
        spawn, before = multiprocessing.get_context("spawn"), dict(os.environ)
        os.environ |= environment
        self.pipes = []
        for _ in range(processes):
            ours, theirs = spawn.Pipe()
            spawn.Process(target=_obey, args=(theirs,)).start()  # not a daemon: DataLoader's workers are its children
            self.pipes.append(ours)
        os.environ.clear()
        os.environ.update(before)

    def __call__(self, work, *arguments) -> list:
        """What `work(*arguments)` answers in each process, all at once."""
        for pipe in self.pipes:
            pipe.send((work, arguments))
        return [pipe.recv() for pipe in self.pipes]

    def end(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)


def _obey(pipe) -> None:
    while (order := pipe.recv()) is not None:
        work, arguments = order
        pipe.send(work(*arguments))


# --- quality ---------------------------------------------------------------------------------------


def notebook_quality(net, data, epochs: int) -> tuple[float, float]:
    """The notebook's 15 epochs in batches of 4 on a tenth of the images: best validation loss, and seconds to it."""
    torch.set_num_threads(1)
    split = subset(data.pool, 0.1, 0)
    model = notebook_net(net)
    optimiser = torch.optim.SGD(model.parameters(), **OPTIMISER)
    loader = DataLoader(Pictures(split), 4, shuffle=True, num_workers=2, persistent_workers=True)
    shown = [(data.validation.images[i : i + 500].float() / 127.5 - 1) for i in range(0, len(data.validation), 500)]
    best, best_at, spent = np.inf, 0.0, 0.0
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
            best, best_at = loss, spent
    return best, best_at


def time_to_loss(net, data, target: float, hyperparameters: dict, limit: float) -> float:
    """Seconds of training until our validation loss is at most `target`; evaluations are not counted, as above."""
    torch.set_num_threads(1)
    split = subset(data.pool, 0.1, 0)
    architecture, sizes = net
    inner = build_model(architecture, data.image_shape, data.classes, sizes, seed=0)
    model = Classifier(inner, *pixel_statistics(split.images)).to(memory_format=torch.channels_last).train()
    optimiser = make_optimiser(model, hyperparameters)
    stream = batches(len(split), hyperparameters["batch_size"], 0, CPU)
    precision, spent = find_precision("auto", CPU), 0.0
    while spent < limit:
        start = time.perf_counter()
        for _ in range(1600 // hyperparameters["batch_size"]):  # half an epoch
            take_step(model, optimiser, split.take(next(stream)), precision)
        spent += time.perf_counter() - start
        if evaluate(model, data.validation, precision)[0] <= target:
            return spent
    return np.inf


# --- tables ----------------------------------------------------------------------------------------


def speed(split: Split, options, peer: Crew, crew: Crew) -> None:
    peaks, rows = [], {}
    for round_number in range(options.rounds):
        peaks.append(sum(crew(matmul_peak, options.seconds / 2)))
        for name, nets in [*((name, [net]) for name, net in NETS.items()), ("mix of 8", MIX)]:
            seconds = options.seconds / len(nets) ** 0.5
            loops = {
                "notebook 1t": lambda net, s=seconds: peer(loader_loop, net, split, s, 4, 2, 1)[0],
                "notebook 2t": lambda net, s=seconds: peer(loader_loop, net, split, s, 4, 2, 2)[0],
                "plain 0w": lambda net, s=seconds: peer(loader_loop, net, split, s, 128, 0, 2)[0],
                "plain 2w": lambda net, s=seconds: peer(loader_loop, net, split, s, 128, 2, 2)[0],
                "ours 32": lambda net, s=seconds: sum(crew(our_loop, net, split, s, 32)),
                "ours 128": lambda net, s=seconds: sum(crew(our_loop, net, split, s, 128)),
            }
            for loop, measure in loops.items():
                rates = [measure(net) for net in nets]  # harmonic mean: the time to train the same images in each
                rows.setdefault(name, {}).setdefault(loop, []).append(statistics.harmonic_mean(rates))
            print(f"round {round_number + 1} of {options.rounds}: {name} done", file=sys.stderr, flush=True)
    peak = statistics.median(peaks)
    print(f"bf16 matrix product, {cores()} cores: {peak:,.0f} GFLOP/s\n")
    print("| net | notebook's loop | plain loop | ours | × notebook | × plain | GFLOP/s | of the peak | goals |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, loops in rows.items():
        rate = {loop: statistics.median(values) for loop, values in loops.items()}
        notebook, plain, ours = (max(rate[k] for k in rate if k.startswith(kind)) for kind in ("note", "plain", "ours"))
        flops = statistics.mean(flops_per_image(net) for net in (MIX if name == "mix of 8" else [NETS[name]]))
        goals = "{} / {}".format(*GOALS[name]) if name in GOALS else "–"
        print(
            f"| {name} | {notebook:,.0f} | {plain:,.0f} | {ours:,.0f} | {ours / notebook:.1f} | {ours / plain:.1f} "
            f"| {ours * flops / 1e9:,.0f} | {ours * flops / 1e9 / peak:.0%} | {goals} |"
        )


def quality(data, options, peer: Crew, crew: Crew) -> None:
    print("\n| net | notebook's best validation loss | in | ours, one process per core | speed-up | goal |")
    print("|---|---|---|---|---|---|")
    tuned = {"lr": options.lr, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 32}
    for name, goal in (("cnn 6-16-120-84", 10), ("cnn 55-55-115-115", 6)):
        best, seconds = peer(notebook_quality, NETS[name], data, options.epochs)[0]
        reached = crew(time_to_loss, NETS[name], data, best, tuned, seconds)
        ours = statistics.mean(reached) / cores()  # so many trainings run at once
        print(f"| {name} | {best:.3f} | {seconds:.1f} s | {ours:.1f} s | {seconds / ours:.1f} | {goal} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a .npz file with x_train, y_train, x_test, y_test of 32 x 32 colour images")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="per loop, net and round")
    parser.add_argument("--epochs", type=int, default=15, help="of the notebook's loop in the quality test")
    parser.add_argument("--lr", type=float, default=0.02, help="our learning rate in the quality test")
    parser.add_argument("--only", choices=("speed", "quality"))
    options = parser.parse_args()
    data = load_data(f"npz:{options.data}")
    peer, crew = Crew(1, {}), Crew(cores(), WORKER_ENVIRONMENT)
    if options.only != "quality":
        speed(data.pool.take(np.arange(6400)), options, peer, crew)
    if options.only != "speed":
        quality(data, options, peer, crew)
    peer.end()
    crew.end()


if __name__ == "__main__":
    main()
