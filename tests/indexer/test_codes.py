"""Which tokens are codes, and when two of them are one."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.codes import answers_to, codes_in, spelled, unmistakable


@pytest.mark.parametrize(
    "code",
    ["QS-4012", "qs4012", "T490", "ISO-27001", "kube_proxy", "deploy.yml", "a.gov.uk", "1.22.0", "getUserName"],
)
def test_what_is_written_one_way_alone_is_unmistakable(code: str) -> None:
    """It is meant wherever it stands."""
    assert unmistakable(f"where is {code} set?") == [code]


@pytest.mark.parametrize("text", ["on-call", "10pm", "30-day", "2026", "7.5", "e.g.", "U.S.", "sev2", "PowerPoint"])
def test_what_is_written_in_many_ways_is_not(text: str) -> None:
    """Words, numbers and brands stand in passages that mean something else."""
    assert unmistakable(f"what is {text} about?") == []


def test_a_code_is_the_same_however_it_is_separated() -> None:
    """People leave hyphens and capitals out."""
    assert spelled("QS-4012") == spelled("qs_4012") == spelled("Qs4012")
    assert spelled("hold_ttl") in answers_to("booking.hold-ttl")
    assert spelled("hold") not in answers_to("booking.hold_ttl")


@given(text=st.text())
@settings(max_examples=200)
def test_unmistakable_codes_are_codes_of_the_text(text: str) -> None:
    """Nothing is made up, and nothing is given twice."""
    assert set(unmistakable(text)) <= set(codes_in(text))
    assert len(unmistakable(text)) == len(set(unmistakable(text)))


def test_endless_tokens_are_no_codes() -> None:
    """40 kB without a space are looked through at once."""
    began = time.monotonic()

    assert unmistakable("a-" * 20_000 + " " + "aB" * 20_000) == []
    assert time.monotonic() - began < 5
