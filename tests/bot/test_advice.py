"""The decision framework: every path of it, and that no answer argues the wrong way round."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.advice.flipping import Flip, flips
from bot.advice.leanings import Axis, lean
from bot.advice.recommendation import Confidence, First, rank, recommend, strengths, verdict_of
from bot.advice.situation import (
    Assumptions,
    Change,
    Maintainer,
    Material,
    Need,
    Option,
    Privacy,
    Situation,
    with_answers,
)

ASSUMED = Assumptions()
READY = {"labels": "500", "prompted": "yes"}
FREE = {"change": "never", "must_cite": "no"}
FREQUENT = ("monthly", "weekly", "daily")
FAILURES = ("missing_page", "not_retrieved", "wrong_although_retrieved", "wrong_format", "too_slow")
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def case(**answers: str) -> Situation:
    """Return a situation with these answers and defaults for the rest."""
    return with_answers(Situation(), answers)


def verdict(**answers: str) -> Option:
    """Return what is advised for these answers."""
    return verdict_of(case(**answers), ASSUMED)


# The article's questions, in their order


@pytest.mark.parametrize("change", FREQUENT)
@pytest.mark.parametrize("material", ["all-fits", "answer-fits"])
def test_changing_facts_are_looked_up(change: str, material: str) -> None:
    """1. Frequently updated data: retrieval, whatever else is said."""
    assert verdict(change=change, need="knowledge", must_cite="no", material=material) is Option.RETRIEVAL


@pytest.mark.parametrize("change", FREQUENT)
@pytest.mark.parametrize("need", ["both", "behaviour"])
def test_changing_facts_and_behaviour_take_both(change: str, need: str) -> None:
    """1. … or retrieval and fine-tuning, where behaviour is missing and there are examples of it."""
    assert verdict(change=change, need=need, must_cite="no", **READY) is Option.BOTH


@pytest.mark.parametrize("change", ["never", "yearly"])
def test_behaviour_is_trained(change: str) -> None:
    """2. Output format, style or task behaviour, and no changing facts: fine-tuning."""
    assert verdict(change=change, need="behaviour", must_cite="no", **READY) is Option.FINE_TUNE


def test_an_answer_that_fits_a_prompt_is_looked_up() -> None:
    """3. Stable knowledge whose answer fits a context window: retrieval."""
    assert verdict(**FREE, need="knowledge", material="answer-fits") is Option.RETRIEVAL


def test_an_answer_that_fits_no_prompt_takes_several_steps() -> None:
    """3. … and several steps where it does not fit."""
    assert verdict(**FREE, need="knowledge", material="too-large") is Option.MULTI_STEP


def test_facts_that_all_fit_are_put_into_the_prompt() -> None:
    """3. Where everything fits there is nothing to find: neither, the prompt holds it all."""
    advice = recommend(case(**FREE, need="knowledge", material="all-fits"), ASSUMED)

    assert (advice.verdict, advice.first) == (Option.NEITHER_YET, First.ALL_IN_PROMPT)


def test_few_examples_are_collected_first() -> None:
    """4. Behaviour without labelled examples: neither yet, a better prompt while they are collected."""
    advice = recommend(case(**FREE, need="behaviour", labels="20", prompted="yes"), ASSUMED)

    assert (advice.verdict, advice.first) == (Option.NEITHER_YET, First.LABELS)
    assert [gate.name for gate in advice.leanings.gates] == ["labels"]


def test_few_examples_make_retrieval_the_start() -> None:
    """4. Where both are wanted and examples are few, retrieval is the lower barrier; training comes later."""
    advice = recommend(case(need="both", labels="20", prompted="yes"), ASSUMED)

    assert advice.verdict is Option.RETRIEVAL
    assert advice.trains_later


# What the framework adds


def test_an_untried_prompt_comes_before_training() -> None:
    """A better prompt costs an afternoon."""
    advice = recommend(case(**FREE, need="behaviour", labels="500", prompted="no"), ASSUMED)

    assert (advice.verdict, advice.first) == (Option.NEITHER_YET, First.PROMPT)


def test_sources_can_be_named_only_if_looked_up() -> None:
    """Even behaviour alone is looked up too where answers must cite, and whatever fits."""
    assert verdict(change="never", need="behaviour", must_cite="yes", **READY) is Option.BOTH
    assert verdict(change="never", need="knowledge", must_cite="yes", material="all-fits") is Option.RETRIEVAL
    assert verdict(**FREE | {"must_cite": "yes"}, need="behaviour", material="all-fits", **READY) is Option.BOTH


def test_rights_by_person_argue_for_looking_up() -> None:
    """What is in the weights can be withheld from nobody."""
    open_, rights = (lean(case(**FREE, privacy=privacy), ASSUMED)[Axis.LOOK_UP] for privacy in ("open", "per-person"))

    assert rights > open_


def test_missing_pages_are_written_first() -> None:
    """Where most failures have no page, nothing else helps, however much it is wanted."""
    advice = recommend(case(need="both", judged="100", missing_page="40", not_retrieved="5", **READY), ASSUMED)

    assert (advice.verdict, advice.first) == (Option.NEITHER_YET, First.PAGES)


def test_retrieval_is_mended_before_training() -> None:
    """More pages not found than wrong answers: fix retrieval first, stop."""
    advice = recommend(case(need="both", judged="200", not_retrieved="30", wrong_format="10", **READY), ASSUMED)

    assert advice.verdict is Option.RETRIEVAL
    assert [gate.name for gate in advice.leanings.gates] == ["retrieval"]


def test_a_model_that_ignores_its_passages_is_trained() -> None:
    """Knowledge is missing, the pages are found, and the answers are wrong all the same: train the behaviour."""
    given = {"judged": "300", "wrong_although_retrieved": "120", "labels": "1000", "prompted": "yes"}

    assert verdict(need="knowledge", maintainer="engineer", **given) is Option.BOTH


def test_training_that_never_pays_is_not_advised() -> None:
    """Ten questions a month at a cent each pay for no labels."""
    advice = recommend(
        case(**FREE, need="behaviour", questions_a_month="10", value_right="0.01", cost_wrong="0.01", **READY), ASSUMED
    )

    assert advice.verdict is Option.NEITHER_YET
    assert [gate.name for gate in advice.leanings.gates] == ["payback"]


def test_both_can_take_several_steps() -> None:
    """Where behaviour is trained and an answer fits no prompt, retrieval has several steps."""
    advice = recommend(case(need="both", material="too-large", **READY), ASSUMED)

    assert advice.verdict is Option.BOTH
    assert advice.in_steps


def test_an_answer_that_takes_too_long_argues_for_a_shorter_prompt() -> None:
    """Passages and examples are what takes the time."""
    slow, fast = case(latency_seconds="1"), case(latency_seconds="60")

    assert lean(slow, ASSUMED).wish(Axis.TRAIN) > lean(fast, ASSUMED).wish(Axis.TRAIN)
    assert lean(slow, ASSUMED)[Axis.LOOK_UP] < lean(fast, ASSUMED)[Axis.LOOK_UP]


def test_every_combination_of_choices_has_a_reason_for_each_answer() -> None:
    """Each question is answered for in words, and exactly one option is advised."""
    for change, need, material, privacy, maintainer in itertools.product(Change, Need, Material, Privacy, Maintainer):
        situation = Situation(change=change, need=need, material=material, privacy=privacy, maintainer=maintainer)
        advice = recommend(situation, ASSUMED)
        answers = [name for reason in advice.leanings.reasons for name in reason.answers]

        assert answers == [*Situation.model_fields]
        assert all(reason.sentence.endswith(".") for reason in advice.leanings.reasons)
        assert sum(strength > 0 for strength in advice.strengths.values()) <= 1
        assert advice.margin >= 0


# No answer argues the wrong way round

_FAILURES = st.integers(0, 60)
situations = st.builds(
    lambda failures, spare, **rest: Situation(
        **rest,
        judged=sum(failures) + spare,
        missing_page=failures[0],
        not_retrieved=failures[1],
        wrong_although_retrieved=failures[2],
        wrong_format=failures[3],
        too_slow=failures[4],
    ),
    failures=st.tuples(_FAILURES, _FAILURES, _FAILURES, _FAILURES, _FAILURES) | st.just((0, 0, 0, 0, 0)),
    spare=st.integers(60, 400),
    change=st.sampled_from(Change),
    need=st.sampled_from(Need),
    must_cite=st.booleans(),
    material=st.sampled_from(Material),
    labels=st.integers(0, 3000),
    prompted=st.booleans(),
    questions_a_month=st.integers(0, 100_000),
    value_right=st.floats(0, 50),
    cost_wrong=st.floats(0, 50),
    privacy=st.sampled_from(Privacy),
    latency_seconds=st.floats(0.1, 60),
    maintainer=st.sampled_from(Maintainer),
)
TRAINS = (Option.FINE_TUNE, Option.BOTH)


def changed(situation: Situation, **values: object) -> Situation:
    """Return *situation* with other values."""
    return Situation.model_validate(situation.model_dump() | values)


@unhurried
@given(situations, st.sampled_from(Change), st.sampled_from(Change))
def test_more_change_never_argues_for_fine_tuning_facts(situation: Situation, one: Change, other: Change) -> None:
    """Facts that change more often are never more at home in the weights."""
    rarely, often = sorted((one, other), key=list(Change).index)
    before, after = changed(situation, change=rarely), changed(situation, change=often)

    assert strengths(lean(after, ASSUMED))[Option.FINE_TUNE] <= strengths(lean(before, ASSUMED))[Option.FINE_TUNE]
    if verdict_of(before, ASSUMED) is not Option.FINE_TUNE:
        assert verdict_of(after, ASSUMED) is not Option.FINE_TUNE


@unhurried
@given(situations, st.integers(0, 3000))
def test_more_examples_never_argue_against_training(situation: Situation, more: int) -> None:
    """Who is advised to train with some examples is advised to train with more."""
    richer = changed(situation, labels=situation.labels + more)

    assert lean(richer, ASSUMED)[Axis.TRAIN] >= lean(situation, ASSUMED)[Axis.TRAIN]
    if verdict_of(situation, ASSUMED) in TRAINS:
        assert verdict_of(richer, ASSUMED) in TRAINS


@unhurried
@given(situations)
def test_citing_never_argues_for_the_weights_alone(situation: Situation) -> None:
    """An answer that must name its source is looked up."""
    citing = changed(situation, must_cite=True)

    assert verdict_of(citing, ASSUMED) is not Option.FINE_TUNE
    assert lean(citing, ASSUMED)[Axis.LOOK_UP] >= lean(situation, ASSUMED)[Axis.LOOK_UP]


@unhurried
@given(situations, st.sampled_from(["questions_a_month", "value_right", "cost_wrong"]), st.integers(1, 1000))
def test_higher_stakes_never_argue_against_training(situation: Situation, name: str, more: int) -> None:
    """More questions, or more at stake in each, make a gained point worth more."""
    higher = changed(situation, **{name: getattr(situation, name) + more})

    assert lean(higher, ASSUMED)[Axis.TRAIN] >= lean(situation, ASSUMED)[Axis.TRAIN]


@unhurried
@given(situations, st.sampled_from(["wrong_although_retrieved", "wrong_format"]), st.integers(1, 50))
def test_more_wrong_answers_never_argue_against_training(situation: Situation, name: str, more: int) -> None:
    """What the model itself got wrong, of as many judged answers, is what training mends."""
    spare = situation.judged - situation.failures
    worse = changed(situation, **{name: getattr(situation, name) + min(more, spare)})

    assert lean(worse, ASSUMED)[Axis.TRAIN] >= lean(situation, ASSUMED)[Axis.TRAIN]


@unhurried
@given(situations, st.sampled_from(["missing_page", "not_retrieved"]), st.integers(1, 50))
def test_failures_before_the_model_never_argue_for_training(situation: Situation, name: str, more: int) -> None:
    """A page that is missing or not found is no reason to train."""
    spare = situation.judged - situation.failures
    worse = changed(situation, **{name: getattr(situation, name) + min(more, spare)})

    assert lean(worse, ASSUMED)[Axis.TRAIN] <= lean(situation, ASSUMED)[Axis.TRAIN]


@unhurried
@given(situations, st.integers(1, 50))
def test_more_missing_pages_never_argue_against_writing_them(situation: Situation, more: int) -> None:
    """Who is told to write pages first is told so with more pages missing."""
    spare = situation.judged - situation.failures
    worse = changed(situation, missing_page=situation.missing_page + min(more, spare))

    assert lean(worse, ASSUMED)[Axis.PAGES] >= lean(situation, ASSUMED)[Axis.PAGES]
    if recommend(situation, ASSUMED).first is First.PAGES:
        assert recommend(worse, ASSUMED).first is First.PAGES


@unhurried
@given(situations)
def test_rights_by_person_never_argue_for_the_weights(situation: Situation) -> None:
    """Facts that not everyone may read are never more at home in the weights."""
    private = changed(situation, privacy="per-person")

    assert strengths(lean(private, ASSUMED))[Option.FINE_TUNE] <= strengths(lean(situation, ASSUMED))[Option.FINE_TUNE]


@unhurried
@given(situations, st.floats(0.1, 100))
def test_a_tighter_deadline_never_argues_for_more_steps(situation: Situation, seconds: float) -> None:
    """Each step takes its time."""
    patient = changed(situation, latency_seconds=max(situation.latency_seconds, seconds))
    hurried = changed(situation, latency_seconds=min(situation.latency_seconds, seconds))

    assert lean(hurried, ASSUMED)[Axis.MANY_STEPS] <= lean(patient, ASSUMED)[Axis.MANY_STEPS]


# How sure, and what would flip it


@settings(unhurried, max_examples=15)
@given(situations)
def test_every_flip_flips(situation: Situation) -> None:
    """With that one value changed, and only that, the advice is what the flip says, and not what it was."""
    advice = recommend(situation, ASSUMED)

    for flip in flips(advice):
        if flip.name in Assumptions.model_fields:
            found = verdict_of(situation, with_answers(ASSUMED, {flip.name: flip.value}))
        else:
            found = verdict_of(_with(situation, flip), ASSUMED)
        assert found is flip.verdict
        assert found is not advice.verdict


def _with(situation: Situation, flip: Flip) -> Situation:
    """Return *situation* with the value of *flip*; more failures are among more judged answers."""
    values = situation.model_dump() | {flip.name: flip.value}
    counted = sum(int(values[name]) for name in FAILURES)
    return Situation.model_validate(values | {"judged": max(situation.judged, counted)})


def test_the_threshold_of_labels_is_found() -> None:
    """Half of the examples needed is where training becomes viable."""
    advice = recommend(case(**FREE, need="behaviour", labels="300", prompted="yes"), ASSUMED)

    (flip,) = [flip for flip in flips(advice) if flip.name == "labels"]

    assert (flip.now, flip.value, flip.verdict) == ("300", "99", Option.NEITHER_YET)


def test_flips_come_nearest_first() -> None:
    """The likeliest change is the smallest one."""
    found = flips(recommend(case(need="both", **READY), ASSUMED))

    assert [flip.times for flip in found] == sorted(flip.times for flip in found)
    assert found[0].times == 1.0


def test_margin_is_the_way_from_the_first_to_the_second() -> None:
    """The strengths of all options are there to be checked."""
    advice = recommend(case(need="both", **READY), ASSUMED)
    first, second, *_ = sorted(advice.strengths.values(), reverse=True)

    assert advice.margin == first - second
    assert advice.confidence is Confidence.CLEAR


def test_a_close_call_is_called_one() -> None:
    """Sixteen missing pages of thirty failures are hardly more than half."""
    advice = recommend(case(judged="100", missing_page="16", not_retrieved="5"), ASSUMED)

    assert advice.confidence is Confidence.CLOSE


def test_of_equals_the_one_that_is_easier_to_undo_is_advised() -> None:
    """When in doubt, start with retrieval; weights come last."""
    ranked = rank(dict.fromkeys(reversed(Option), 0.0))

    assert (ranked[0], ranked[-1]) == (Option.RETRIEVAL, Option.FINE_TUNE)
