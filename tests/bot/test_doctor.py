"""Doctor looks at everything and says each cure."""

import json
from pathlib import Path

from bot import doctor
from bot.errors import ModelUnusable
from indexer.errors import WikiMisconfigured


def broken_wiki() -> str:
    """Say what an adapter says of a folder that is not there."""
    raise WikiMisconfigured("there is no folder nowhere; set FOOTNOTE_WIKIS")


def broken_model() -> str:
    """Say what is said of a file that is no model."""
    raise ModelUnusable("not a GGUF file")


def examined(tmp_path: Path) -> doctor.Examined:
    """Return an installation with two things wrong."""
    return doctor.Examined(
        data_dir=tmp_path / "data" / "not-yet-made",
        wikis=broken_wiki,
        index=lambda: "generation 3",
        embedder=lambda: "MiniLM",
        model=broken_model,
        slack=lambda: "no token is set",
        hosts=["slack.com"],
    )


def test_one_thing_wrong_does_not_hide_another(tmp_path: Path) -> None:
    """Every check is made whatever the others say."""
    found = list(doctor.checks(examined(tmp_path)))

    assert [check.name for check in found if not check.is_well] == ["wikis", "model"]
    assert {check.name for check in found} >= {"disk", "index", "embedder", "slack", "hosts"}


def test_the_report_is_one_object(tmp_path: Path) -> None:
    """A monitor can read it."""
    printed = json.loads(doctor.as_json(list(doctor.checks(examined(tmp_path)))))

    assert printed["well"] is False
    assert "FOOTNOTE_WIKIS" in str(printed["checks"])


def test_people_read_a_line_a_check(tmp_path: Path) -> None:
    """What is wrong stands out."""
    text = doctor.as_text(list(doctor.checks(examined(tmp_path))))

    assert "WRONG  wikis: there is no folder nowhere" in text
    assert "well   index: generation 3" in text
