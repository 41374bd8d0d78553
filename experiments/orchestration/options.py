"""What a study may be told: its command line, and what is refused."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.orchestration.processes import cores
from experiments.training.devices import find_device
from experiments.training.successive_halving import RULE
from tracking import schema
from tracking.command import (
    Option,
    Parser,
    names,
    number,
    numbers,
    option,
    option_of,
    options_of,
    whole_numbers,
)
from tracking.errors import InputError
from tracking.schema import RunSettings

# The notebook's sizes: 0.5 %, doubling, up to 100 %.
LADDER = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0)
PRUNING = ("off", "halving")
ENGINES = ("here", "ray")
KEEP_MODELS = ("all", "best", "none")
DESCRIPTION = "Train the whole grid and record every trial in MLflow."


def read_sizes(text: str) -> tuple[float, ...]:
    """Comma-separated numbers, or the word for the notebook's."""
    return LADDER if text == "ladder" else numbers(text)


def entry(default: Any, help: str, read: Callable[[str], Any] | None = None) -> Any:
    """A line of StudyOptions."""
    return field(**option(default, help, read))


@dataclass(frozen=True)
class StudyOptions:
    """What one launch of a study was told; `parse` makes it.

    A line is an option: its default as the command line says it, its help and its reader.
    settings: what all trials share; the grid says the rest.
    data_dir, device: the places of tracking/schema.py.
    workers: on this machine at least 1; on a cluster 0 stands for all that it has room for.
    device: on a cluster what gpus_per_trial says.
    """

    study: str = entry("scaling-study", "name of the study and of its MLflow experiment")
    architectures: Sequence[str] = entry("linear,mlp,cnn,forest", "comma-separated", names)
    fractions: Sequence[float] = entry("ladder", "comma-separated, or 'ladder'", read_sizes)
    samples: int = entry(4, "K random draws, besides the untuned sample 0")
    data_seeds: Sequence[int] = entry("0", "comma-separated: which subsets", whole_numbers)
    replicas: int = entry(
        1, "subsets that each winner is trained on; 1 = those of data_seeds alone"
    )
    pruning: str = entry("off", "off, or halving: end hopeless samples of a cell early")
    hold_out: int = entry(0, "sizes to forecast before training them")
    workers: int = entry(0, "0 = one per core, or all the cluster has")
    engine: str = entry("here", "here, or ray: a Ray cluster")
    ray_address: str = entry("", "HOST:PORT, ray://HOST:PORT or auto; default RAY_ADDRESS")
    cpus_per_trial: float = entry(1.0, "CPUs that Ray reserves for each trial", number)
    gpus_per_trial: float = entry(
        0.0, "GPUs that Ray reserves for each trial; 0.25 lets four share one", number
    )
    retries: int = entry(1, "how often a trial that failed is tried again, unless it diverged")
    keep_models: str = entry("best", "all, best (of each architecture and fraction) or none")
    register: bool = entry(False, "register the best model of each architecture in MLflow")
    report: bool = entry(True, "print and log the answer at the end")
    dry_run: bool = entry(False, "only count and estimate")
    note: str = entry("", "said wherever results are shown, such as where the images are from")
    settings: RunSettings = field(default_factory=RunSettings)
    data_dir: str = "data"
    device: str = "auto"


OWN = options_of(StudyOptions)
SHARED = [option_of(one) for one in schema.shared()]
OPTIONS: list[Option] = [*OWN, *SHARED]


def parse(arguments: Sequence[str] | None = None) -> StudyOptions:
    """The options of a command line. Raises InputError for what cannot be met."""
    given = vars(Parser("experiments.study", DESCRIPTION, OPTIONS).parse_args(arguments))
    own = {one.name: given[one.name] for one in OWN}
    places = {one.name: given[one.name] for one in schema.PLACES}
    options = StudyOptions(**own, **places)
    _check_grid(options)
    _check_workers(options)
    _check_cluster(options)
    _check_models(options)
    return _settled(replace(options, settings=_shared(options, given)))


def _shared(options: StudyOptions, given: Mapping[str, Any]) -> RunSettings:
    """What all trials share. With halving the samples of a cell make one bracket."""
    places = [one.name for one in schema.PLACES]
    shared = {one.name: given[one.name] for one in SHARED if one.name not in places}
    if options.pruning == "halving":
        return RunSettings(**shared, bracket=options.samples, halving=RULE)
    return RunSettings(**shared)


def _settled(options: StudyOptions) -> StudyOptions:
    """The number of workers here, and the device on a cluster."""
    if options.engine == "here":
        return replace(options, workers=options.workers or cores())
    return replace(options, device="cuda" if options.gpus_per_trial else "cpu")


# --- what is refused, before anything is loaded or started


def _check_grid(options: StudyOptions) -> None:
    if not options.study.strip():
        raise InputError("study '' is empty; allowed: any name")
    _check_least("samples", options.samples, 0, "0 (untuned only), 1, 2, …")
    if options.replicas < 1:
        raise InputError(
            f"replicas {options.replicas} is too small; "
            "allowed: 1 (the data_seeds alone), 2, 3, …"
        )
    _check_among("pruning", options.pruning, PRUNING)
    if options.hold_out and not 0 < options.hold_out <= len(options.fractions) - 3:
        raise InputError(
            f"hold_out {options.hold_out} must be 0 "
            "or leave at least 3 of the sizes to forecast from"
        )


def _check_workers(options: StudyOptions) -> None:
    _check_least("workers", options.workers, 0, "0 (one per core), 1, 2, …")
    _check_least("retries", options.retries, 0, "0, 1, 2, …")
    _check_among("engine", options.engine, ENGINES)


def _check_cluster(options: StudyOptions) -> None:
    address = options.ray_address
    cpus = options.cpus_per_trial
    gpus = options.gpus_per_trial
    if options.engine == "here":
        if address:
            raise InputError(f"ray_address '{address}' needs engine=ray; engine is 'here'")
        find_device(options.device)
    elif options.device != "auto":
        raise InputError(
            f"device '{options.device}' is not for engine=ray; "
            "allowed: auto, and gpus_per_trial decides"
        )
    if not 0 < cpus < math.inf:
        raise InputError(
            f"cpus_per_trial {cpus:g} is not allowed; allowed: any positive number"
        )
    if not (0 <= gpus <= 1 or (gpus > 1 and gpus.is_integer())):
        raise InputError(f"gpus_per_trial {gpus:g} is not allowed; allowed: 0 to 1, 2, 3, …")


def _check_models(options: StudyOptions) -> None:
    _check_among("keep_models", options.keep_models, KEEP_MODELS)
    if options.register and options.keep_models == "none":
        raise InputError(
            "register needs models to register; allowed with it: keep_models all or best"
        )


def _check_least(name: str, value: int, least: int, allowed: str) -> None:
    if value < least:
        raise InputError(f"{name} {value} is negative; allowed: {allowed}")


def _check_among(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(f"{name} '{value}' is unknown; allowed: {', '.join(allowed)}")
