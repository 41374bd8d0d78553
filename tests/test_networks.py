"""Every architecture takes any image shape and class count, and is made by its seed alone."""

import numpy as np
import pytest
import torch
import toys
from toys import stripes_of_shape

from experiments.training.networks import ARCHITECTURES, build_model, find_architecture
from experiments.training.search_spaces import draw
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.errors import InputError

NETWORKS = sorted(name for name, found in ARCHITECTURES.items() if found.trained_by_steps)
SHAPES = [
    (1, 1, 1),
    (3, 2, 2),
    (1, 4, 4),
    (1, 8, 8),
    (1, 28, 28),
    (3, 32, 32),
    (3, 20, 33),
    (3, 64, 9),
    (4, 1, 17),
]


def build(architecture, image=(1, 8, 8), classes=10, sample=0, seed=0):
    return build_model(architecture, image, classes, draw(architecture, sample), seed)


def weights(model):
    return torch.cat([value.flatten() for value in model.state_dict().values()])


@pytest.mark.parametrize("classes", [2, 10, 37])
@pytest.mark.parametrize("image", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("architecture", [*NETWORKS, "toys:narrow"])
def test_a_network_gives_one_logit_per_class_for_any_image_shape(architecture, image, classes):
    model = build(architecture, image, classes)
    logits = model(torch.rand(5, *image))
    assert logits.shape == (5, classes)
    assert logits.isfinite().all()


@pytest.mark.parametrize("sample", range(1, 6))
@pytest.mark.parametrize("architecture", NETWORKS)
def test_a_network_can_be_built_of_any_draw(architecture, sample):
    assert build(architecture, sample=sample)(torch.rand(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("image", [(1, 1, 1), (3, 20, 33)], ids=["1x1x1", "3x20x33"])
@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_every_architecture_trains_on_any_image_shape(architecture, image):
    result = train(
        Trial(architecture=architecture, max_steps=2), stripes_of_shape(*image, classes=11)
    )
    assert np.isfinite([result.best.val["loss"], result.test.values["loss"]]).all()


@pytest.mark.parametrize("architecture", NETWORKS)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(architecture):
    assert torch.equal(weights(build(architecture)), weights(build(architecture)))
    assert not torch.equal(weights(build(architecture)), weights(build(architecture, seed=1)))


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_building_a_model_leaves_the_global_random_state_alone(architecture):
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    build(architecture)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize("architecture", NETWORKS)
def test_a_width_of_the_search_space_changes_the_size_of_the_network(architecture):
    sizes = {len(weights(build(architecture, sample=sample))) for sample in range(8)}
    assert len(sizes) > 1 or architecture == "linear"


def test_the_cnn_is_the_notebooks_on_its_images():
    model = build("cnn", (3, 32, 32))
    shapes = [tuple(value.shape) for value in model.parameters() if value.ndim > 1]
    assert shapes == [(6, 3, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84)]


def test_the_users_own_architecture_is_called_with_its_hyperparameters():
    model = build_model("toys:narrow", (1, 8, 8), 3, {"width": 5, "lr": 1}, 0)
    assert [tuple(value.shape) for value in model.parameters()] == [
        (5, 64),
        (5,),
        (3, 5),
        (3,),
    ]


def test_a_classical_model_is_seeded():
    assert build("forest", seed=3).random_state == 3


def test_all_steps_of_a_pipeline_are_seeded():
    model = build_model("toys:piped", (1, 8, 8), 3, {}, 5)
    assert model.named_steps["mlpclassifier"].random_state == 5


@pytest.mark.parametrize("space", [[16, 32], 64, (16,), (16, 32)])
def test_a_search_space_of_another_form_is_refused_in_one_line(monkeypatch, space):
    monkeypatch.setattr(toys.narrow, "space", {"width": space})
    with pytest.raises(InputError, match=r"toys:narrow.*space\['width'\].*allowed: \(default"):
        find_architecture("toys:narrow")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nosuch", ["'nosuch'", *ARCHITECTURES, "package.module:function"]),
        ("", ["''", "cnn"]),
        ("toys:", ["'toys:'", "package.module:function"]),
        ("nosuch.module:net", ["nosuch.module:net", "No module named"]),
        ("toys:nothing", ["toys:nothing", "nothing"]),
        (".toys:narrow", [".toys:narrow"]),
    ],
)
def test_an_unknown_architecture_is_refused_in_one_line(name, words):
    with pytest.raises(InputError) as refusal:
        find_architecture(name)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


def test_a_module_that_cannot_be_imported_is_refused_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "halfway.py").write_text(
        'raise ImportError("a library is missing:\\nlibsomething.so")'
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError) as refusal:
        find_architecture("halfway:net")
    assert "libsomething.so" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_one_learning_rate_suits_linear_models_of_any_number_of_pixels():
    moved = []
    for shape in [(1, 8, 8), (1, 28, 28), (3, 32, 32)]:
        model = build_model("linear", shape, 10, {}, seed=0)
        for weights in model.parameters():
            torch.nn.init.zeros_(weights)
        images = torch.ones(2, *shape)
        labels = torch.tensor([0, 1])
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        torch.optim.SGD(model.parameters(), lr=0.1).step()
        moved.append(model(images).detach())
    for others in moved[1:]:
        torch.testing.assert_close(others, moved[0])
