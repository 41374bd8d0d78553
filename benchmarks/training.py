"""How fast the training loop is, next to the notebook's loop and a plain one: same nets, same images, one run.

    python benchmarks/training.py cifar10.npz        (x_train, y_train, x_test, y_test, as Keras writes it)

Speed: training images per second of the whole machine, the loops taken in turn, medians over the rounds. Ours runs
as in a study, one process of one thread per core. GFLOP/s counts multiplications and additions of forward and
backward passes; the peak is a 2048 x 2048 matrix product in bf16 on all cores at once, measured in the same run.
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
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

sys.path.insert(0, str(Path(__file__).parents[1]))

from experiments.data import Split, load_data, subset
from experiments.engine import WORKER_ENVIRONMENT, cores
from experiments.models import build_model
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
DROP = 5  # epochs, after which the quality test lowers our learning rate by 10, as the trainer does once
HELD = {}  # in each process: its number, and the images of the speed test, sent once
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


def loader_loop(net, seconds: float, batch: int, workers: int, threads: int) -> float:
    """Images per second of a plain loop: DataLoader, fp32, SGD."""
    torch.set_num_threads(threads)
    model = notebook_net(net)
    optimiser = torch.optim.SGD(model.parameters(), **OPTIMISER)
    stream, images, start = _endless(batch, workers), 0, None
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
def _endless(batch: int, workers: int):
    """Batches without end of a loader that is made once: starting its workers takes longer than a measurement."""
    split = HELD["images"]
    data = Pictures(split) if batch == 4 else TensorDataset(split.images.contiguous().float() / 127.5 - 1, split.labels)
    stay = {"persistent_workers": True} if workers else {}
    loader = DataLoader(data, batch, shuffle=True, num_workers=workers, drop_last=True, **stay)
    return itertools.chain.from_iterable(itertools.repeat(loader))


def our_loop(net, seconds: float, batch: int, precision: str = "auto") -> float:
    """Images per second of one process of ours with one thread."""
    step = our_step(net, batch, precision)
    images, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        step()
        images += batch
    return images / (time.perf_counter() - start)


def our_step(net, batch: int, precision: str = "auto"):
    """A function that does one step of ours, warmed up."""
    torch.set_num_threads(1)
    split, (architecture, hyperparameters) = HELD["images"], net
    inner = build_model(architecture, tuple(split.images.shape[1:]), 10, hyperparameters, seed=0)
    model = Classifier(inner, *pixel_statistics(split.images)).to(memory_format=torch.channels_last).train()
    optimiser, stream = make_optimiser(model, OPTIMISER), batches(len(split), batch, 0, CPU)
    precision = find_precision(precision, CPU)

    def step():
        take_step(model, optimiser, split.take(next(stream)), precision)

    for _ in range(3):
        step()
    return step


def matmul_peak(seconds: float) -> float:
    """GFLOP/s of one core in a bf16 matrix product."""
    torch.set_num_threads(1)
    a = torch.randn(2048, 2048, dtype=torch.bfloat16)
    a @ a  # the first is slower
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ a
        count += 1
    return count * 2 * 2048**3 / (time.perf_counter() - start) / 1e9


def profile_steps(net) -> list[tuple[str, float]]:
    """Where the time of our loop goes: (operation, share of the time), the largest first."""
    step = our_step(net, 128)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(20):
            step()
    times = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    total = sum(times.values())
    return [(name.removeprefix("aten::"), times[name] / total) for name in sorted(times, key=times.get)[:-7:-1]]


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
        for place in range(processes):
            ours, theirs = spawn.Pipe()
            spawn.Process(
                target=_obey, args=(theirs, place)
            ).start()  # not a daemon: DataLoader's workers are its children
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


def _obey(pipe, place: int) -> None:
    HELD["place"] = place
    while (order := pipe.recv()) is not None:
        work, arguments = order
        pipe.send(work(*arguments))


def hold(split: Split) -> None:
    HELD["images"] = split


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
    inner = build_model(architecture, data.image_shape, data.classes, sizes, seed=HELD["place"])
    model = Classifier(inner, *pixel_statistics(split.images)).to(memory_format=torch.channels_last).train()
    optimiser = make_optimiser(model, hyperparameters)
    stream = batches(len(split), hyperparameters["batch_size"], HELD["place"], CPU)
    precision, spent, epoch = find_precision("auto", CPU), 0.0, 0
    while spent <= limit:
        start, epoch = time.perf_counter(), epoch + 1
        if epoch == DROP + 1:
            optimiser.param_groups[0]["lr"] /= 10
        for _ in range(len(split) // hyperparameters["batch_size"]):
            take_step(model, optimiser, split.take(next(stream)), precision)
        spent += time.perf_counter() - start
        if evaluate(model, data.validation, precision)[0] <= target:
            return spent
    return np.inf


# --- tables ----------------------------------------------------------------------------------------


LOOPS = {  # name: (who, loop, its settings)
    "notebook 1t": ("peer", loader_loop, (4, 2, 1)),
    "notebook 2t": ("peer", loader_loop, (4, 2, 2)),
    "plain 0w": ("peer", loader_loop, (128, 0, 2)),
    "plain 2w": ("peer", loader_loop, (128, 2, 2)),
    "ours 32": ("crew", our_loop, (32,)),
    "ours 64": ("crew", our_loop, (64,)),
    "ours 128": ("crew", our_loop, (128,)),
}


def speed(split: Split, options, peer: Crew, crew: Crew) -> None:
    peer(hold, split), crew(hold, split)
    who, missed = {"peer": peer, "crew": crew}, {}
    print("| net | notebook's loop | plain loop | ours | × notebook | × plain | GFLOP/s | of the peak | goals |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for name, nets in [*((name, [net]) for name, net in NETS.items()), ("mix of 8", MIX)]:
        seconds, peaks, rates = options.seconds / len(nets) ** 0.5, [], {loop: [] for loop in LOOPS}
        for _ in range(options.rounds):
            peaks.append(sum(crew(matmul_peak, options.seconds / 2)))
            for loop, (process, work, settings) in LOOPS.items():
                each = [sum(who[process](work, net, seconds, *settings)) for net in nets]
                rates[loop].append(statistics.harmonic_mean(each))  # the time to train the same images in each
        rate = {loop: statistics.median(values) for loop, values in rates.items()}
        best = [max((k for k in rate if k.startswith(kind)), key=rate.get) for kind in ("note", "plain", "ours")]
        notebook, plain, ours = (rate[loop] for loop in best)
        work, peak = ours * statistics.mean(map(flops_per_image, nets)) / 1e9, statistics.median(peaks)
        goals = "{} / {}".format(*GOALS[name]) if name in GOALS else "–"
        print(
            f"| {name} | {notebook:,.0f} | {plain:,.0f} | {ours:,.0f} | {ours / notebook:.1f} | {ours / plain:.1f} "
            f"| {work:,.0f} | {work / peak:.0%} of {peak:,.0f} | {goals} |",
            flush=True,
        )
        print(f"  {name}: best settings {', '.join(best)}", file=sys.stderr, flush=True)
        if name in GOALS and (ours / notebook < GOALS[name][0] or ours / plain < GOALS[name][1]):
            missed[name] = crew(profile_steps, nets[0])[0]
    for name, shares in missed.items():
        print(f"\nwhere the time goes, {name}: " + ", ".join(f"{op} {share:.0%}" for op, share in shares))


def quality(data, options, peer: Crew, crew: Crew) -> None:
    print("\n| net | notebook's best validation loss | in | ours, one process per core | speed-up | goal |")
    print("|---|---|---|---|---|---|")
    tuned = {"lr": options.lr, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": options.batch}
    for name, goal in (("cnn 6-16-120-84", 10), ("cnn 55-55-115-115", 6)):
        best, seconds = peer(notebook_quality, NETS[name], data, options.epochs)[0]
        reached = crew(time_to_loss, NETS[name], data, best, tuned, seconds / 3)
        ours = statistics.mean(reached) / cores()  # so many trainings run at once
        print(f"| {name} | {best:.3f} | {seconds:.1f} s | {ours:.1f} s | {seconds / ours:.1f} | {goal} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a .npz file with x_train, y_train, x_test, y_test of 32 x 32 colour images")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="per loop, net and round")
    parser.add_argument("--epochs", type=int, default=15, help="of the notebook's loop in the quality test")
    parser.add_argument("--lr", type=float, default=0.005, help="our learning rate in the quality test")
    parser.add_argument("--batch", type=int, default=16, help="our batch size in the quality test")
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
