"""A classifier normalises by its subset's statistics, and is judged on every image."""

import numpy as np
import pytest
import torch
from toys import short

from experiments.training.classifier import evaluate, pixel_statistics
from experiments.training.image_sets import subset
from experiments.training.results import classification_score
from experiments.training.train import train


@pytest.mark.parametrize("block", [1, 7, 2000])
def test_pixel_statistics_equal_numpys(block):
    images = torch.randint(
        0, 256, (50, 3, 5, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    mean, std = pixel_statistics(images, block)
    pixels = images.numpy().astype(float)
    np.testing.assert_allclose(mean, pixels.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(std, pixels.std((0, 2, 3)), rtol=1e-5)


def test_images_of_one_colour_do_not_divide_by_zero():
    mean, std = pixel_statistics(torch.full((4, 1, 3, 3), 9, dtype=torch.uint8))
    assert (mean.item(), std.item()) == (9, 1)


def test_the_statistics_come_from_the_subset_alone(tiny):
    result = train(short(fraction=0.1), tiny)
    mean, std = pixel_statistics(subset(tiny.pool, 0.1, 0).images)
    assert result.model.scale.item() == pytest.approx(1 / std.item())
    assert result.model.shift.item() == pytest.approx(-mean.item() / std.item())


def test_evaluation_is_the_mean_over_every_image_whatever_the_batches(tiny, monkeypatch):
    model = train(short(), tiny).model
    whole = evaluate(model, tiny.pool, "fp32")
    monkeypatch.setattr("experiments.training.classifier.EVALUATION_BATCH", 7)
    in_batches = evaluate(model, tiny.pool, "fp32")
    assert in_batches.values["loss"] == pytest.approx(whole.values["loss"], rel=1e-5)
    assert in_batches.values["error"] == pytest.approx(whole.values["error"], rel=1e-5)
    logits = model.eval()(tiny.pool.images).detach()
    assert whole.values["loss"] == pytest.approx(
        torch.nn.functional.cross_entropy(logits, tiny.pool.labels).item(), rel=1e-5
    )
    assert whole.values["error"] == pytest.approx(
        (logits.argmax(1) != tiny.pool.labels).float().mean().item()
    )
    losses = torch.nn.functional.cross_entropy(logits, tiny.pool.labels, reduction="none")
    expected = losses.std().item() / len(losses) ** 0.5
    assert whole.errors["loss"] == pytest.approx(expected, rel=1e-4)


def test_the_standard_error_of_an_error_is_that_of_a_share():
    score = classification_score(loss=1.0, error=0.25, loss_se=0.1, count=399)
    p = (0.25 * 399 + 1) / 400
    assert score.errors["error"] == pytest.approx((p * (1 - p) / 399) ** 0.5)
    perfect = classification_score(loss=1.0, error=0.0, loss_se=0.1, count=100)
    assert perfect.errors["error"] > 0
