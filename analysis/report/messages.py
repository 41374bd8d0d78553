"""Findings in words: one template for each reason, and their numbers in it."""

from typing import Any

from analysis.reasons import Finding, FitError, Reason, Variant
from analysis.report.numbers import best_of, chance, in_units, said_of
from tracking.measures import find_measure
from tracking.text import Text, Verbatim, template, templates

MESSAGES: dict[Reason, str | tuple[str, str]] = {  # two where one depends on the count
    # a curve
    Reason.TOO_FEW_SIZES: template("needs at least {least} distinct sizes n, got {count}"),
    Reason.TOO_FEW_MISTAKES: template(
        "the test set holds {count:.1f} mistakes of each class or group on average; at least "
        "{least} are needed to tell them apart"
    ),
    Reason.NOT_ABOVE_ZERO: template(
        "the {measure} at n = {n:,.0f} is {value}; only what is above 0 can be fitted"
    ),
    Reason.RISES: template("the curve rises with more data"),
    Reason.TOO_MUCH_SCATTER: template(
        "the points scatter so much about the fitted curve that they show no law"
    ),
    Reason.FLAT: template(
        "the curve is flat: more data has not changed it beyond its scatter"
    ),
    Reason.OUT_OF_REACH: template(
        "even {times:,.0f} times the data would not reach the target"
    ),
    Reason.LIKELY_OUT_OF_REACH: template(
        "more likely than not even {times:,.0f} times the data would not reach the target"
    ),
    Reason.BACKTEST_MISSES: template(
        "earlier forecasts of this curve were off by {miss:.0%}, more than {allowed:.0%}"
    ),
    Reason.NO_BACKTEST: template(
        "only {count} sizes: they leave nothing to test a forecast on, and the answer is wide"
    ),
    Reason.ANSWER_FAR_BEYOND_DATA: template(
        "the answer lies {times:.0f} times beyond the data, more than {allowed:.0f}"
    ),
    Reason.BELOW_FLOOR: template("the fitted curve levels off before the target"),
    Reason.LIKELY_BELOW_FLOOR: template(
        "more likely than not the fitted curve levels off before the target"
    ),
    # how sure an answer is
    Reason.PAST_HELD: template("the curve foretold its own past {inside} of {count} times"),
    Reason.PAST_MISSED: template(
        "the curve foretold its own past only {inside} of {count} times"
    ),
    Reason.PAST_UNTESTED: template("too few sizes to test the curve on its own past"),
    Reason.INTERVAL_NARROW: template("the interval is narrow"),
    Reason.INTERVAL_USABLE: template("the interval is narrow enough to plan with"),
    Reason.INTERVAL_WIDE: template("the interval is wide"),
    Reason.TEST_NOT_INDEPENDENT: template("some test examples were trained on, too"),
    Reason.NOTHING_TO_EXTRAPOLATE: template("nothing to extrapolate: {why}"),
    Reason.HEAD: template(
        "the sizes up to n = {n:,.0f} lie before the power law, where the curve bends"
    ),
    Reason.FEW_SIZES: template(
        "only {count} sizes: the width of the intervals rests on published curves alone"
    ),
    Reason.ILL_BACKTEST: template(
        "ill-behaved: the back-test misses by {miss:.0%} (root mean square)"
    ),
    Reason.RISES_BETWEEN_SIZES: template(
        "ill-behaved: the curve rises between sizes by more than its error"
    ),
    Reason.BELOW_DATA: template(
        "nothing is known below the smallest size measured, {least:,.0f}"
    ),
    Reason.FAR_EXTRAPOLATION: template(
        "the largest size lies {times:.0f} times beyond the data"
    ),
    Reason.HEAD_LEFT_OUT: template(
        "sizes up to n = {n:,.0f} are left out: the power law begins where the curve bends"
    ),
    Reason.FITS_EXACTLY: template(
        "{count} points fit any power law exactly: the intervals rest on an assumed scatter"
    ),
    Reason.FLOOR_NOT_IDENTIFIED: template(
        "the floor is not identified: anything from {low} to {high} fits"
    ),
    Reason.EXPONENT_AT_LIMIT: template(
        "the exponent's interval reaches the end of the search, {low:g} to {high:g}"
    ),
    Reason.OFF_THE_LAW: template(
        "ill-behaved: points lie {residual:.0%} off the law on average"
    ),
    # architectures side by side
    Reason.OTHER_SETTING: template(
        "{name} at n = {sizes}: {what} is {other} instead of {usual}; left out"
    ),
    Reason.FEWER_SAMPLES: templates(
        "{name} at n = {sizes}: {count} sample instead of {usual}; left out",
        "{name} at n = {sizes}: {count} samples instead of {usual}; left out",
    ),
    Reason.MORE_SAMPLES: template(
        "{name} at n = {sizes}: only the first {usual} of {count} samples count"
    ),
    Reason.SEED_NOT_SHARED: template(
        "{name} at n = {sizes}: not all architectures have data seed {seed}; left out"
    ),
    Reason.NOT_COMPARED: template("{name} is not compared: {why}"),
    Reason.SIZES_TOO_FAR_APART: template(
        "{a} and {b} are not compared: their sizes lie more than {allowed:.0f} times apart"
    ),
    Reason.TOO_LITTLE_DATA: template(
        "{name} has too little data for a forecast at n = {n:,.0f}"
    ),
    Reason.TUNING_NOT_VALUED: template("no estimate of what tuning {name} is worth: {why}"),
    Reason.TOO_FEW_SIZES_FOR_EXPONENTS: templates(
        "{name} has {count} size in its power-law region; the test of exponents needs {least}",
        "{name} has {count} sizes in its power-law region; "
        "the test of exponents needs {least}",
    ),
    Reason.TOO_FEW_MODELS: template(
        "{samples} samples of {models} model sizes at {sizes} data sizes are too few for the "
        "joint law; it needs {least} of each size"
    ),
    Reason.ONE_HAS_NO_LAW: template("{name}: {why}"),
    Reason.SIZE_FAR_BEYOND_DATA: template(
        "n lies {times:.0f} times beyond the data of {name}, more than {allowed:.0f}"
    ),
    Reason.BACKTEST_OF_ONE_MISSES: template(
        "the back-test of {name} misses by {miss:.0%} (root mean square), "
        "more than {allowed:.0%}"
    ),
    Reason.NO_BACKTEST_OF_ONE: template(
        "{name} has only {count} sizes: they leave nothing to test a forecast on"
    ),
    Reason.NEVER_MATCHES: template(
        "more likely than not, no amount of data lets {name} match it"
    ),
    Reason.MATCHES_FAR_BEYOND_DATA: template(
        "{name} matches it only {times:.0f} times beyond its data, more than {allowed:.0f}"
    ),
    # engineers or data: why a strategy is out of the running
    Reason.SELDOM_REACHED: template("reaches the target with {probability} probability only"),
    Reason.SELDOM_IN_TIME: template("is in time with {probability} probability only"),
    Reason.NO_FINITE_PRICE: template("has no finite price"),
    # engineers or data: why the choice changes nowhere
    Reason.TARGET_MET: template("The target is met already: no price matters."),
    Reason.CHOICE_UNKNOWN: template("Cannot say where the choice changes: {why}."),
    Reason.DATA_NEVER_ENOUGH: template(
        "Data alone cannot reach the target at any label price."
    ),
    Reason.ENGINEERS_NEVER_ENOUGH: template(
        "Engineers cannot reach the target, however quickly they work."
    ),
    # engineers or data: why there is no plan, or nothing to run next
    Reason.HARDLY_REACHED: template("{times:.0f} times the data hardly reach the target"),
    Reason.BUDGET_TOO_SMALL: template(
        "the budget of {budget:,.6g} does not pay for one round"
    ),
    Reason.MEASURE_MORE_SIZES: template(
        "measure at least {least} sizes; {architecture} has {count}"
    ),
    Reason.NO_TRIAL_HELPS: template(
        "no further trial on this pool is expected to narrow the interval by {least:.0%}"
    ),
    # why a study that plans itself ends
    Reason.GRADE_REACHED: template("the answer is as sure as was asked for: {grade}"),
    Reason.LEAK_LIMITS_GRADE: template(
        "no trial makes the answer surer than {grade}, as test examples are in the training "
        "pool"
    ),
    Reason.BUDGET_SPENT: template(
        "the next step, {trials:,} trials, takes more than what is left of the budget"
    ),
    Reason.NOTHING_TO_FIT: template("no learner has the three sizes that a law takes"),
    # can it be trusted?
    Reason.TRIALS_FAILED: template(
        "{architecture}: {failed:,} of {trials:,} trials failed: {reason}"
    ),
    Reason.NOT_KNOWN: template("unknown"),
    Reason.BUDGET_BOUND: template(
        "{name} at n = {sizes}: max_steps ended the best run while it still improved; left "
        "out until max_steps is larger"
    ),
    Reason.STILL_IN_TRAINING: template(
        "{name} at n = {sizes}: not all samples are trained to their end; left out"
    ),
    Reason.SEARCH_TOO_SHORT: template(
        "{name}: the search was too short at n = {at}; more samples would bring better results"
    ),
    # what is there twice, and which labels seem wrong
    Reason.TEST_LEAKED: template(
        "{count:,} of {of:,} test examples are in the training pool, too"
    ),
    Reason.TEST_NEARLY_LEAKED: template(
        "{share:.1%} ({low:.1%} to {high:.1%}) of the test examples nearly equal one of the "
        "training pool"
    ),
    Reason.TEST_NEARLY_LEAKED_COUNTED: template(
        "{share:.1%} of the test examples nearly equal one of the training pool"
    ),
    Reason.POOL_REPEATED: template("{count:,} of {of:,} examples of the pool repeat another"),
    Reason.POOL_NEARLY_REPEATED: template(
        "{share:.1%} ({low:.1%} to {high:.1%}) of the pool nearly equal another example"
    ),
    Reason.POOL_NEARLY_REPEATED_COUNTED: template(
        "{share:.1%} of the pool nearly equal another example"
    ),
    Reason.FEW_KINDS: template(
        "The rows take few different values, so equal ones need not be copies"
    ),
    Reason.LABELS_WRONG: template(
        "About {share:.1%} ({low:.1%} to {high:.1%}) of the labels seem wrong or ambiguous"
    ),
    Reason.LABELS_AT_MOST_WRONG: template(
        "At most {high:.1%} of the labels seem wrong or ambiguous"
    ),
    Reason.LABELS_NOT_JUDGED: template(
        "How many labels are wrong is not known: the model of this check errs in "
        "{error:.0%} itself"
    ),
    Reason.LABELS_CONTRADICTED: template(
        "{count:,} of {of:,} examples have another label than most of their equals, so no "
        "model gets below an error of {share:.2%} on all of them"
    ),
}


MESSAGES_OF_SCORES: dict[Reason, str] = {  # where higher is better
    Reason.NOT_ABOVE_ZERO: template(
        "the {measure} at n = {n:,.0f} is {value}; only what is below {best} can be fitted"
    ),
    Reason.RISES: template("the curve falls with more data"),
    Reason.BACKTEST_MISSES: template(
        "earlier forecasts of the gap to {best} were off by {miss:.0%}, more than "
        "{allowed:.0%}"
    ),
    Reason.ILL_BACKTEST: template(
        "ill-behaved: the back-test misses the gap to {best} by {miss:.0%} (root mean square)"
    ),
    Reason.BACKTEST_OF_ONE_MISSES: template(
        "the back-test of {name} misses the gap to {best} by {miss:.0%} (root mean square), "
        "more than {allowed:.0%}"
    ),
    Reason.RISES_BETWEEN_SIZES: template(
        "ill-behaved: the curve falls between sizes by more than its standard error"
    ),
    Reason.FLOOR_NOT_IDENTIFIED: template(
        "the ceiling is not identified: anything from {low} to {high} fits"
    ),
    Reason.OFF_THE_LAW: template(
        "ill-behaved: the gap to {best} lies {residual:.0%} off the law on average"
    ),
}
# Numbers of a finding that are gaps (tracking/measures.py), and are said as the measure is.
GAPS = {Reason.NOT_ABOVE_ZERO: ("value",), Reason.FLOOR_NOT_IDENTIFIED: ("low", "high")}


def say(finding: Finding, measure: str = "loss") -> Text:
    """A finding as a sentence; findings among its numbers are said, too.

    measure: of the curves that it is about.
    """
    said = MESSAGES[finding.reason]
    if find_measure(measure).is_score:
        said = MESSAGES_OF_SCORES.get(finding.reason, said)
    return words_of(finding, said, measure)


def words_of(finding: Finding, said: str | tuple[str, str], measure: str = "loss") -> Text:
    """A finding in other words than MESSAGES has.

    said: the template, or two where it depends on the count.
    """
    numbers = {
        name: _in_words(name, value, measure) for name, value in finding.numbers.items()
    }
    numbers |= _of_measure(finding, measure)
    return Text(said, **numbers) if isinstance(said, str) else Text(*said, **numbers)


def _of_measure(finding: Finding, measure: str) -> dict[str, str]:
    """The gaps of a finding in the reader's terms, the smaller first; and what is measured."""
    names = GAPS.get(finding.reason, ())
    gaps = [finding.numbers[name] for name in names]
    if find_measure(measure).is_score:
        gaps.reverse()
    said = {name: in_units(gap, measure) for name, gap in zip(names, gaps)}
    return {**said, "measure": said_of(measure), "best": best_of(measure)}


def _in_words(name: str, value: Any, measure: str) -> Any:
    """A value of a finding, ready for its template: numbers and names stay as they are."""
    if name == "probability":
        return chance(value)
    if isinstance(value, Finding):
        return say(value, measure)
    if isinstance(value, Variant):
        return say_variant(value)
    if isinstance(value, tuple):
        return ", ".join(f"{n:,.0f}" for n in value)  # sizes, alike in every language
    return Verbatim(value) if type(value) is str else value  # the name of an architecture


def say_variant(variant: Variant) -> Text:
    """Which curve of an architecture it is."""
    if variant.tuned:
        return Text("tuned {name}", name=variant.architecture)
    return Text("untuned {name}", name=variant.architecture)


def say_error(error: Exception, measure: str = "loss") -> str:
    """What an exception says: its finding in words where it has one."""
    if isinstance(error, FitError) and error.finding is not None:
        return say(error.finding, measure)
    return error.args[0] if error.args else str(error)
