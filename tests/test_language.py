import copy
import pickle

from analysis.language import Text, translate


def test_a_text_is_its_english_sentence():
    assert Text("{n:,} images", n=12_000) == "12,000 images"


def test_a_text_keeps_template_and_values_when_copied_or_pickled():
    text = Text("{n:,} images", n=12_000)
    for twin in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (twin, twin.template, twin.values) == (text, text.template, text.values)


def test_a_text_and_the_words_inside_it_are_said_in_chinese(monkeypatch):
    monkeypatch.setitem(__import__("analysis.chinese").chinese.CHINESE, "the forecast is {grade}", "预测{grade}")
    assert translate(Text("the forecast is {grade}", grade="good"), "zh") == "预测良好"
    assert translate("good", "en") == "good"


def test_what_has_no_translation_stays_as_it_is():
    assert translate("resnet", "zh") == "resnet"
    assert translate(Text("{name} v2", name="resnet"), "zh") == "resnet v2"
