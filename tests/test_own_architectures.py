"""What an architecture of somebody's own returns is tried, and a mistake said in one line."""

import pytest

from experiments.training.networks import build_model
from tracking.errors import InputError

IMAGE = (1, 8, 8)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("os:getcwd", ["os:getcwd", "f(shape, classes)"]),
        ("toys:number", ["toys:number", "int", "a function"]),
        ("toys:without_arguments", ["f(shape, classes)"]),
        ("toys:crashing", ["ValueError: no such width"]),
        ("toys:of_nothing", ["NoneType", "torch.nn.Module"]),
        (
            "toys:unmarked_estimator",
            ["KNeighborsClassifier", "unmarked_estimator.trained_by_steps = False"],
        ),
        ("toys:of_other_width", ["(2, 4)", "allowed: (2, 3)"]),
        ("toys:for_large_images", ["cannot take examples of shape (2, 1, 8, 8)"]),
        ("toys:paired", ["tuple", "a tensor (2, 3)"]),
        ("toys:rounded", ["gradient"]),
        ("toys:loader", ["f(shape, classes)"]),
        ("sklearn.svm:LinearSVC", ["LinearSVC", "predict_proba"]),
    ],
)
def test_what_is_no_architecture_is_refused_in_one_line(name, words):
    with pytest.raises(InputError) as refusal:
        build_model(name, IMAGE, 3, {}, seed=0)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in [name, *words] if word not in said] == [], said


def test_a_final_softmax_is_warned_about_once(capsys):
    for _ in range(2):
        build_model("toys:softmaxed", IMAGE, 3, {}, seed=0)
    said = capsys.readouterr().err
    assert said.count("warning: architecture 'toys:softmaxed' ends in a softmax") == 1


def test_logits_are_not_warned_about(capsys):
    build_model("toys:narrow", IMAGE, 3, {"width": 4}, seed=0)
    assert capsys.readouterr().err == ""


def test_a_class_of_estimators_is_an_architecture_for_images_too():
    model = build_model("sklearn.linear_model:LogisticRegression", IMAGE, 3, {}, seed=5)
    assert model.random_state == 5
