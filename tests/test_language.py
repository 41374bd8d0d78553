"""Every sentence can be said in Chinese, with the same values in it."""

import ast
import copy
import pickle
import string

import pytest
from conftest import ROOT

from analysis.chinese import CHINESE
from analysis.fits.curve import FitError
from analysis.language import Text, joined, translate

SOURCES = sorted([*(ROOT / "analysis").rglob("*.py"), *(ROOT / "app").glob("*.py")])


def templates(path):
    """Literal templates of a source: the first argument of every Text(...), also where it was given a name before."""
    tree = ast.parse(path.read_text())
    names = {
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
            (first, *_) = node.args
            if isinstance(first, ast.Constant):
                yield first.value
            elif isinstance(first, ast.Name) and first.id in names:
                yield names[first.id]


def placeholders(template):
    return sorted(field for _, field, _, _ in string.Formatter().parse(template) if field is not None)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_sentence_has_a_chinese_one(path):
    assert [template for template in templates(path) if template not in CHINESE] == []


def test_no_translation_is_left_of_a_sentence_that_is_gone():
    known = {template for path in SOURCES for template in templates(path)}
    words = {"cannot say", "fair", "good", "poor"}  # grades, which are no Text
    assert sorted(set(CHINESE) - known - words) == []


def test_both_sentences_have_the_same_values():
    for english, chinese in CHINESE.items():
        assert placeholders(english) == placeholders(chinese), english


def test_a_text_is_its_english_sentence():
    assert Text("{n:,} images", n=12_000) == "12,000 images"


def test_a_text_keeps_template_and_values_when_copied_or_pickled():
    text = Text("{n:,} images", n=12_000)
    for twin in (copy.deepcopy(text), pickle.loads(pickle.dumps(text)), str(text)):
        assert (twin, twin.template, twin.values) == (text, text.template, text.values)


def test_the_message_of_an_error_is_still_a_text():
    assert str(FitError(Text("{n} sizes", n=2))).template == "{n} sizes"


def test_a_text_and_the_words_inside_it_are_said_in_chinese(monkeypatch):
    monkeypatch.setitem(CHINESE, "the forecast is {grade}", "预测{grade}")
    assert translate(Text("the forecast is {grade}", grade="good"), "zh") == "预测良好"
    assert translate("good", "en") == "good"


def test_several_texts_become_one_that_is_translated_one_by_one():
    both = joined([Text("cannot say"), "resnet"], by="; ")
    assert both == "cannot say; resnet"
    assert translate(both, "zh") == "无法判断; resnet"


def test_what_has_no_translation_stays_as_it_is():
    assert translate("resnet", "zh") == "resnet"
    assert translate(Text("{name} v2", name="resnet"), "zh") == "resnet v2"
