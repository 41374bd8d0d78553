"""The command line of `study`: what it may be told, and what is refused."""

import argparse

from experiments import InputError
from experiments.best import KEEP_MODELS
from experiments.engine import add_engine_arguments, check_engine, cores
from experiments.grid import GRID_FIELDS, LADDER
from experiments.run import Parser, add_trial_arguments, number, true_or_false, whole_number

PRUNING = ("off", "halving")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser("experiments.study", description="Train the whole grid and record every trial in MLflow.")
    parser.add_argument("--study", default="scaling-study", help="name of the study and of its MLflow experiment")
    parser.add_argument("--architectures", type=names, default=("linear", "mlp", "cnn", "forest"))
    parser.add_argument("--fractions", type=fractions, default=LADDER, help="comma-separated, or 'ladder'")
    parser.add_argument("--samples", type=whole_number, default=4, help="K random draws, besides the untuned sample 0")
    parser.add_argument("--data_seeds", type=whole_numbers, default=(0,))
    parser.add_argument(
        "--replicas", type=whole_number, default=1, help="data seeds of the winners, which are trained again on more"
    )
    parser.add_argument("--pruning", default="off", help="off, or halving: end hopeless samples of a cell early")
    parser.add_argument("--hold_out", type=whole_number, default=0, help="sizes to forecast before training them")
    add_engine_arguments(parser)
    parser.add_argument("--retries", type=whole_number, default=1, help="of a trial that failed, unless it diverged")
    parser.add_argument("--keep_models", default="best", help="all, best (of each architecture and fraction) or none")
    parser.add_argument("--register", type=true_or_false, default=False, help="the best model of each architecture")
    parser.add_argument("--report", type=true_or_false, default=True, help="answer at the end")
    parser.add_argument(
        "--dry_run",
        "--dry-run",
        type=true_or_false,
        nargs="?",
        const=True,
        default=False,
        help="only count and estimate",
    )
    parser.add_argument("--note", default="", help="said wherever results are shown, such as where the images are from")
    add_trial_arguments(parser, without=GRID_FIELDS)
    options = parser.parse_args(arguments)
    if options.samples < 0:
        raise InputError(f"samples {options.samples} is negative; allowed: 0 (untuned only), 1, 2, …")
    if options.replicas < 1:
        raise InputError(f"replicas {options.replicas} is too small; allowed: 1 (the data_seeds alone), 2, 3, …")
    if options.pruning not in PRUNING:
        raise InputError(f"pruning '{options.pruning}' is unknown; allowed: {', '.join(PRUNING)}")
    if options.hold_out and not 0 < options.hold_out <= len(options.fractions) - 3:
        raise InputError(f"hold_out {options.hold_out} must be 0 or leave at least 3 of the sizes to forecast from")
    check_engine(options)
    if options.retries < 0:
        raise InputError(f"retries {options.retries} is negative; allowed: 0, 1, 2, …")
    if options.keep_models not in KEEP_MODELS:
        raise InputError(f"keep_models '{options.keep_models}' is unknown; allowed: {', '.join(KEEP_MODELS)}")
    if options.register and options.keep_models == "none":
        raise InputError("register needs models to register; allowed with it: keep_models all or best")
    if not options.study.strip():
        raise InputError("study '' is empty; allowed: any name")
    if options.engine == "here":
        options.workers = options.workers or cores()
    else:
        options.device = "cuda" if options.gpus_per_trial else "cpu"
    return options


def names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(whole_number(part) for part in names(text)))


def fractions(text: str) -> tuple[float, ...]:
    return LADDER if text == "ladder" else tuple(dict.fromkeys(number(part) for part in names(text)))
