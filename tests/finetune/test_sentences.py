"""Sentences in the bot's form: the same form as the grammar with which the bot's model writes."""

import llama_cpp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import llama, prompt
from bot.preparing import packaged_model
from config import foundry
from finetune.sentences import has_form, joined, mended, split

GOOD = (
    "Ask Maya. [1]",
    "Ask Maya. [1] Then sign it. [2][3]",
    "Use `kubectl get pods -n apps`. [3]",
    "Is it e.g.so? [1]",
    "It costs £10.50: [2]",
    "/etc/hosts is the file. [1]",
    "One. [1] Two. [1] Three. [2] Four. [3]",
)
BAD = (
    "Ask Maya.",
    "Ask. Maya. [1]",
    "Ask Maya [1]",
    "Ask Maya. [1] And",
    "Ask Maya. [1][2][3]",
    ", then. [1]",
    "Press [1 then stop. [1]",
    "One. [1] Two. [1] Three. [1] Four. [1] Five. [1]",
    "",
)


@pytest.mark.parametrize("answer", GOOD)
def test_good_forms_are_taken(answer: str) -> None:
    """Sentences, each with its mark and its markers."""
    assert has_form(answer)


@pytest.mark.parametrize("answer", BAD)
def test_bad_forms_are_not(answer: str) -> None:
    """What the grammar would not let the model write is not trained either."""
    assert not has_form(answer)


@pytest.mark.model
def test_form_is_the_grammars() -> None:
    """Every form taken here can be written under the bot's grammar, and no form that is not."""
    model = foundry.LlamaVocabulary(packaged_model())._model

    allowed = [answer for answer in (*GOOD, *BAD) if _is_allowed(model, answer)]

    assert allowed == list(GOOD)


def _is_allowed(model: llama.LlamaModel, answer: str) -> bool:
    grammar = model._open_grammar(prompt.grammar([1, 2, 3]))
    one = np.zeros(1, np.float32)
    for token in [*model.tokenize(answer, has_marks=False), *model.tokenize("<|im_end|>", has_marks=True)]:
        if llama._likeliest_allowed(grammar, np.array([token]), one) is None:
            return False
        llama_cpp.llama_sampler_accept(grammar, token)
    return True


def test_abbreviations_end_no_sentence() -> None:
    """A full stop inside a sentence would end it for the model."""
    assert split("Ask Dr. Moon, e.g. on Slack. Then go.") == ["Ask Dr Moon, for example on Slack.", "Then go."]


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=8), min_size=2, max_size=9))
def test_plain_words_always_become_a_sentence(words: list[str]) -> None:
    """Whatever letters a page is written in, mending gives it its end."""
    sentence = mended(" ".join(words))

    assert sentence.endswith(".")
    assert sentence.count(".") == 1


def test_joined_sentences_have_the_form() -> None:
    """Sentences and numbers become an answer."""
    assert joined(["Ask Maya.", "Sign it."], [(1,), (2, 3)]) == "Ask Maya. [1] Sign it. [2][3]"
