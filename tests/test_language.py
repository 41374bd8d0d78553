"""Every sentence can be said in every language, with the same values in it."""

import ast
import copy
import pickle
import string

import pytest
from conftest import ROOT

from analysis.reasons import FitError
from analysis.report import catalogue
from analysis.report.language import ENGLISH, LANGUAGES, po_file, translate
from tracking.text import Text, Verbatim, counted, joined

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
SOURCES = sorted(path for room in catalogue.ROOMS for path in (ROOT / room).rglob("*.py"))


def messages(language):
    """The catalogue of a language, without its heading."""
    return [message for message in catalogue.read(po_file(language)) if message.id]


def forms(text):
    """One text, or one for each number that a language tells apart."""
    return text if isinstance(text, tuple) else (text,)


def placeholders(text):
    parts = string.Formatter().parse(text)
    return sorted(field for _, field, _, _ in parts if field is not None)


# --- the catalogues --------------------------------------------------------------------------


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_sources_is_translated(language):
    known = {message.id for message in messages(language) if catalogue.is_translated(message)}
    assert catalogue.ids(catalogue.extracted()) - known == set()


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_of_a_sentence_that_is_gone(language):
    known = {message.id for message in messages(language)}
    assert known - catalogue.ids(catalogue.extracted()) == set()


def test_the_template_for_new_languages_holds_every_sentence():
    known = catalogue.ids(catalogue.read(catalogue.POT))
    assert known == catalogue.ids(catalogue.extracted())


@pytest.mark.parametrize("language", OTHERS)
def test_all_forms_of_a_sentence_have_the_same_values(language):
    for message in messages(language):
        *_, english = forms(message.id)  # "one run" may leave out the number
        for said in forms(message.string):
            assert placeholders(english) == placeholders(said), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_as_many_forms_as_the_language_tells_apart(language):
    known = catalogue.read(po_file(language))
    for message in known:
        list(message.check(known))
        count = known.num_plurals if isinstance(message.id, tuple) else 1
        assert len(forms(message.string)) == count, message.id


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_text_is_made_of_a_literal_or_of_a_marked_template(path):
    """What is given a name before must be marked, or no catalogue has it."""
    tree = ast.parse(path.read_text())
    plain = {
        node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and catalogue.literal(node.value)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for one in node.args[: catalogue.MARKS.get(node.func.id, 0)]:
                assert not isinstance(one, ast.JoinedStr | ast.BinOp), ast.unparse(node)
                assert not (isinstance(one, ast.Name) and one.id in plain), ast.unparse(node)


def test_messages_are_found_where_they_are_marked():
    source = """
Text("a {b}", b=1)
counted("{count} run", "{count} runs", count=2)
name = template("one " "sentence")
Text(name)
templates("x", "y")
other("no message")
"""
    found = [message for message, _ in catalogue.marked(source)]
    assert sorted(found, key=str) == sorted(
        ["a {b}", ("{count} run", "{count} runs"), "one sentence", ("x", "y")], key=str
    )


def test_one_english_form_belongs_to_one_message():
    """A catalogue finds a message by its singular."""
    found = {message for path in SOURCES for message, _ in catalogue.marked(path.read_text())}
    singulars = [forms(message)[0] for message in found]
    assert sorted(singulars) == sorted(set(singulars))


# --- texts -----------------------------------------------------------------------------------


def test_a_text_is_its_english_sentence():
    assert Text("{n:,} images", n=12_000) == "12,000 images"


def test_a_text_that_depends_on_a_number_has_a_singular():
    assert counted("{count} run", "{count} runs", count=1) == "1 run"
    assert counted("{count} run", "{count} runs", count=0) == "0 runs"


def test_a_text_keeps_template_and_values_when_copied_or_pickled():
    for text in (
        Text("{n:,} images", n=12_000),
        counted("{count} run", "{count} runs", count=2),
    ):
        for twin in (copy.deepcopy(text), pickle.loads(pickle.dumps(text)), str(text)):
            assert (twin, twin.template, twin.values) == (text, text.template, text.values)
            assert twin.plural == text.plural


def test_the_message_of_an_error_is_still_a_text():
    assert str(FitError(Text("{n} sizes", n=2))).template == "{n} sizes"


def test_a_text_and_the_words_inside_it_are_said_in_chinese():
    assert translate(Text("trust: {grade}", grade="good"), "zh") == "可信度：良好"
    assert translate("good", "en") == "good"


def test_several_texts_become_one_that_is_translated_one_by_one():
    both = joined([Text("cannot say"), "resnet"], by="; ")
    assert both == "cannot say; resnet"
    assert translate(both, "zh") == "无法判断; resnet"


def test_what_has_no_translation_stays_as_it_is():
    assert translate("resnet", "zh") == "resnet"
    assert translate("", "zh") == ""
    assert translate(Text("{name} v2", name="resnet"), "zh") == "resnet v2"


def test_what_somebody_wrote_is_never_translated():
    column = Text("trust: {grade}", grade=Verbatim("good"))
    assert translate(column, "zh") == "可信度：good"


def test_a_number_chooses_the_form_in_every_language():
    for language in LANGUAGES:
        two = counted("{count} run of {name}", "{count} runs of {name}", count=2, name="a")
        assert "2" in translate(two, language)
