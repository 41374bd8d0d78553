"""A trained model in its run, by the flavour of MLflow that fits it."""

import importlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import mlflow
import torch
from mlflow.models import Model, infer_signature
from mlflow.utils import requirements_utils

from experiments.training.task import Task
from tracking.errors import one_line
from tracking.retry import StoreAway, persist_whole

MODEL_NEEDS = [
    f"torch=={torch.__version__.partition('+')[0]}",
    f"scikit-learn=={version('scikit-learn')}",
]
CHECK = "_check_requirement_satisfied"  # of MLflow
TAG_LENGTH = 500  # characters of a reason, at most
# Packages that MLflow has a flavour of the same name for, and what that calls the model.
FLAVOURS = {"catboost": "cb_model", "lightgbm": "lgb_model", "xgboost": "xgb_model"}


def log_model(run_id: str, model: Any, task: Task) -> None:
    """Log a trained model to a run.

    A network becomes an exported program (pt2), which loads without this project's code, where
    it is known what the task gives it; a scikit-learn model answers with what it predicts.
    What is none of MLflow's flavours becomes a Python function, if it has `predict`.
    Raises TypeError for what cannot be kept as a model.
    """
    inputs = task.model_inputs(model)
    if isinstance(model, torch.nn.Module):
        _log_network(run_id, model, inputs)
    elif _package(model) in FLAVOURS:
        _log_boosted(run_id, model)
    elif _is_estimator(model):
        _log_estimator(run_id, model, inputs, task.has_words)
    else:
        _log_other(run_id, model)


def try_to_log(client: Any, run_id: str, model: Any, task: Task) -> str:
    """Log a model if that is possible; returns why not, "" where it was.

    The reason stands in the run's tag, too: its measurements count without a model.
    Raises StoreAway.
    """
    try:
        with _without_looking_up_packages():
            persist_whole(log_model, run_id, model, task)
    except StoreAway:
        raise
    except Exception as error:  # an architecture that cannot be exported, say
        reason = f"not logged: {type(error).__name__}: {one_line(error)}"
        client.set_tag(run_id, "model", reason[:TAG_LENGTH])
        return reason
    return ""


@contextmanager
def _without_looking_up_packages() -> Iterator[None]:
    """MLflow would ask whether MODEL_NEEDS are installed, of which it lists every package.

    That takes half a second, and their versions were just read from what is installed.
    """
    before = getattr(requirements_utils, CHECK)
    setattr(requirements_utils, CHECK, lambda requirement: None)
    try:
        yield
    finally:
        setattr(requirements_utils, CHECK, before)


def _package(model: Any) -> str:
    return type(model).__module__.partition(".")[0]


def _is_estimator(model: Any) -> bool:
    """Whether it is scikit-learn's; who has made one has imported that."""
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(model, base.BaseEstimator)


def _log_network(run_id: str, model: torch.nn.Module, inputs: Any) -> None:
    if inputs is None:
        mlflow.pytorch.log_model(
            model,
            name="model",
            run_id=run_id,
            pip_requirements=MODEL_NEEDS,
            serialization_format="pickle",
        )
        return
    with torch.inference_mode():
        signature = infer_signature(inputs, model(torch.from_numpy(inputs)).numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.export's remarks about its own archive
        mlflow.pytorch.log_model(
            model,
            name="model",
            run_id=run_id,
            pip_requirements=MODEL_NEEDS,
            signature=signature,
            input_example=inputs,
        )


def _log_estimator(run_id: str, model: Any, inputs: Any, has_words: bool) -> None:
    """Keep it as skops; with a vocabulary, for which that takes a minute, as a pickle."""
    options: dict[str, Any] = {}
    if inputs is not None:
        options["signature"] = _signature(model, inputs)
    if has_words:
        options["serialization_format"] = "cloudpickle"
    else:
        options["skops_trusted_types"] = _types_of(model)
    with _without_warning_of_pickles():
        mlflow.sklearn.log_model(
            model, name="model", run_id=run_id, pip_requirements=MODEL_NEEDS, **options
        )


@contextmanager
def _without_warning_of_pickles() -> Iterator[None]:
    """It is for those who load what others have made."""
    logger = logging.getLogger("mlflow.sklearn")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _types_of(model: Any) -> list[str]:
    """What the model consists of; this process has just made it."""
    import skops.io  # late: it takes a second

    return skops.io.get_untrusted_types(data=skops.io.dumps(model))


def _signature(model: Any, inputs: Any) -> Any:
    return infer_signature(inputs, model.predict(inputs))


def _log_boosted(run_id: str, model: Any) -> None:
    package = _package(model)
    flavour = importlib.import_module(f"mlflow.{package}")
    Model.log(None, flavour, name="model", run_id=run_id, **{FLAVOURS[package]: model})


def _log_other(run_id: str, model: Any) -> None:
    predict = getattr(model, "predict", None)
    if not callable(predict):
        raise TypeError(
            f"a model of type {type(model).__name__} is of no flavour of MLflow and has no "
            "predict"
        )
    Model.log(
        None,
        mlflow.pyfunc,
        name="model",
        run_id=run_id,
        python_model=_answering(predict),
        pip_requirements=MODEL_NEEDS,
    )


def _answering(predict: Callable[[Any], Any]) -> Any:
    """A Python function of MLflow; a class made here travels without this project's code.

    It has no type hints, since MLflow would check what it is given against them.
    """
    answer = {"predict": lambda self, context, model_input, params=None: predict(model_input)}
    return type("Answering", (mlflow.pyfunc.PythonModel,), answer)()
