"""What a study may be told: its command line, and what is refused."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.orchestration.processes import cores
from experiments.training.spaces import space_text
from experiments.training.trainers import find_trainer, trainer_texts
from tracking import schema
from tracking.command import (
    Option,
    Parser,
    check_name,
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
ARCHITECTURES = "linear,mlp,cnn,forest"
TABLE_ARCHITECTURES = "linear,boosting,forest,mlp"  # the same for tables
PRUNING = ("off", "halving")
ENGINES = ("here", "ray")
# More than anybody has time for: a number that was mistyped.
MOST_TRIALS = 100_000
MOST_WORKERS = 10_000
MOST_RETRIES = 100
KEEP_MODELS = ("all", "best", "none")
CHECKS = ("auto", "true", "false")
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
    is_step: whether other launches follow, the last of which has the analysis answer.
    """

    study: str = entry("scaling-study", "name of the study and of its MLflow experiment")
    architectures: Sequence[str] = entry(ARCHITECTURES, "comma-separated", names)
    trainers: Sequence[str] = entry(
        "", "your own, compared like architectures: a:fit,b:fit", trainer_texts
    )
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
    check: str = entry(
        "auto",
        "auto, true or false: look for duplicates and wrong labels; auto: where cheap",
    )
    register: bool = entry(False, "register the best model of each architecture in MLflow")
    report: bool = entry(True, "print and log the answer at the end")
    dry_run: bool = entry(False, "only count and estimate")
    note: str = entry("", "said wherever results are shown, such as where the images are from")
    settings: RunSettings = field(default_factory=RunSettings)
    data_dir: str = "data"
    device: str = "auto"
    is_step: bool = False

    @property
    def learners(self) -> list[dict[str, str]]:
        """Settings of a run that say what learns, of each that is compared."""
        if not self.trainers:
            return [{"architecture": name} for name in self.architectures]
        space = self.settings.space
        return [
            {"architecture": find_trainer(text, space).name, "trainer": text}
            for text in self.trainers
        ]


OWN = options_of(StudyOptions)
SHARED = [option_of(one) for one in schema.shared()]
OPTIONS: list[Option] = [*OWN, *SHARED]


def parse(arguments: Sequence[str] | None = None) -> StudyOptions:
    """The options of a command line. Raises InputError for what cannot be met."""
    parser = Parser("experiments.study", DESCRIPTION, OPTIONS)
    return read_options(vars(parser.parse_args(arguments)))


def read_options(given: dict[str, Any]) -> StudyOptions:
    """The options that a command line gave, by name; what is not there has its default.

    Raises InputError for what cannot be met.
    """
    own = {one.name: given.get(one.name, _default(one)) for one in OWN}
    places = {one.name: given[one.name] for one in schema.PLACES}
    options = _with_trainers(StudyOptions(**own, **places), given)
    _check_grid(options)
    _check_workers(options)
    _check_cluster(options)
    _check_models(options)
    return _settled(replace(options, settings=_shared(options, given)))


def _default(one: Option) -> Any:
    """The default of an option, which may be text to be read."""
    return one.read(one.default) if isinstance(one.default, str) else one.default


def _with_trainers(options: StudyOptions, given: dict[str, Any]) -> StudyOptions:
    """The options where trainers, of which one may be given as such, stand for architectures.

    Takes the trainer out of what is given: each trial has its own.
    """
    trainers = options.trainers or trainer_texts(given["trainer"])
    if not trainers:
        return options
    if given["trainer"] and options.trainers:
        raise InputError("trainer and trainers are both given; allowed: one of them")
    if options.architectures != names(ARCHITECTURES):
        raise InputError(
            f"architectures {','.join(options.architectures)} and trainers are both given; "
            "allowed: one of them"
        )
    given["trainer"] = ""
    return replace(options, trainers=trainers, architectures=())


def on_form(options: StudyOptions, form: str) -> StudyOptions:
    """The options where the architectures, if none were chosen, suit what is learned."""
    if form == "table" and options.architectures == names(ARCHITECTURES):
        return replace(options, architectures=names(TABLE_ARCHITECTURES))
    return options


def _shared(options: StudyOptions, given: Mapping[str, Any]) -> RunSettings:
    """What all trials share. With halving the samples of a cell make one bracket."""
    places = [one.name for one in schema.PLACES]
    shared = {one.name: given[one.name] for one in SHARED if one.name not in places}
    shared["space"] = space_text(given["space"])
    if options.pruning == "halving":
        from experiments.training.successive_halving import RULE  # late: torch

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
    check_name("study", options.study)
    _check_least("samples", options.samples, 0, "0 (untuned only), 1, 2, …")
    _check_size(options)
    if options.replicas < 1:
        raise InputError(
            f"replicas {options.replicas} is too small; "
            "allowed: 1 (the data_seeds alone), 2, 3, …"
        )
    _check_among("pruning", options.pruning, PRUNING)
    _check_among("check", options.check, CHECKS)
    if options.hold_out and not 0 < options.hold_out <= len(options.fractions) - 3:
        raise InputError(
            f"hold_out {options.hold_out} must be 0 "
            "or leave at least 3 of the sizes to forecast from"
        )


def _check_workers(options: StudyOptions) -> None:
    _check_least("workers", options.workers, 0, "0 (one per core), 1, 2, …")
    _check_most("workers", options.workers, MOST_WORKERS)
    _check_least("retries", options.retries, 0, "0, 1, 2, …")
    _check_most("retries", options.retries, MOST_RETRIES)
    _check_among("engine", options.engine, ENGINES)


def _check_cluster(options: StudyOptions) -> None:
    address = options.ray_address
    cpus = options.cpus_per_trial
    gpus = options.gpus_per_trial
    if options.engine == "here":
        if address:
            raise InputError(f"ray_address '{address}' needs engine=ray; engine is 'here'")
        from experiments.training.devices import find_device  # late: torch

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
        raise InputError(f"{name} {value} is too small; allowed: {allowed}")


def _check_most(name: str, value: int, most: int) -> None:
    if value > most:
        raise InputError(f"{name} {value} is too large; allowed: up to {most:,}")


def _check_size(options: StudyOptions) -> None:
    """Before the grid is made, which would take for ever."""
    learners = len(options.architectures) or 1
    trials = learners * len(options.fractions) * (options.samples + 1)
    trials *= max(len(options.data_seeds), 1)
    again = learners * len(options.fractions) * options.replicas
    if trials + again > MOST_TRIALS:
        raise InputError(
            f"samples {options.samples} and replicas {options.replicas} make "
            f"{trials + again:,} trials; allowed: up to {MOST_TRIALS:,} in a study"
        )


def _check_among(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(f"{name} '{value}' is unknown; allowed: {', '.join(allowed)}")
