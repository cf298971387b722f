"""The commands that the advice ends with. Apart from its other tests: the doors take seconds to import."""

import shlex

import pytest

from bot.__main__ import _parser as bot_parser
from finetune.__main__ import ACTS
from finetune.options import parser as finetune_parser
from indexer.options import parser as indexer_parser
from tests.bot.test_advice_report import CASES, advice_for


@pytest.mark.parametrize("name", CASES)
def test_next_steps_are_commands_that_exist(name: str) -> None:
    """Each is parsed by the door it names, so that a renamed option fails here."""
    parsers = {"bot": bot_parser(), "indexer": indexer_parser(), "finetune": finetune_parser(ACTS)}

    for step in advice_for(name).report.steps:
        python, dash_m, door, *arguments = shlex.split(step.command)
        assert (python, dash_m) == ("python", "-m")
        parsers[door].parse_args(arguments)
