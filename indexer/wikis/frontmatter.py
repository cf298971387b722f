"""What a page says about itself: the keys above its text, and the day it was last reviewed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_OPENING = re.compile(r"\A(---|\+\+\+)[ \t]*\n")
_KEY = re.compile(r"([A-Za-z_][\w -]*?)[ \t]*[:=](?:[ \t]+(.*))?")
_REVIEW_KEYS = (
    "updated",
    "updated_at",
    "last_updated",
    "last_update",
    "lastmod",
    "last_modified",
    "modified",
    "reviewed",
    "reviewed_on",
    "last_reviewed",
    "last_reviewed_on",
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october"
        "|nov november|dec december".split("|"),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)(?!\d)",
        rf"(?P<day>\d\d?)(?:st|nd|rd|th)? (?P<month>{_MONTH})\.?,? (?P<year>\d{{4}})\b",
        rf"(?P<month>{_MONTH})\.? (?P<day>\d\d?)(?:st|nd|rd|th)?,? (?P<year>\d{{4}})\b",
        rf"(?P<month>{_MONTH})\.? (?P<year>\d{{4}})\b",
    )
)
_REVIEW_SENTENCE = re.compile(
    r"(?:^|[.!(] )(?:this page was )?(?:last )?(?:reviewed|updated|modified)(?: on| in)?:? +(?P<date>.{8,20})",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The plain `key: value` lines above a page's text, keys in lower case; all else in there is left out."""

    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's title, empty if it is not given."""
        return self.values.get("title", "")

    @property
    def reviewed_at(self) -> datetime | None:
        """When the page was last reviewed or updated, by the first such key that holds a date."""
        dates = (read_date(self.values.get(key, "")) for key in _REVIEW_KEYS)
        return next((date for date in dates if date), None)


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """Return the front matter of *text* (YAML's or TOML's plain lines) and the rest; no front matter, no change."""
    opening = _OPENING.match(text)
    if not opening:
        return FrontMatter(), text
    closing = re.compile(rf"^{re.escape(opening[1])}[ \t]*$", re.MULTILINE).search(text, opening.end())
    lines = text[opening.end() : closing.start()].split("\n") if closing else []
    if closing is None or not _looks_like_keys(lines):
        return FrontMatter(), text
    return FrontMatter(_read_keys(lines)), text[closing.end() :]


def read_date(text: str) -> datetime | None:
    """Return the date *text* begins with, as midnight UTC (the month's first day where no day is given), or None.

    >>> read_date("12 May 2021").isoformat()
    '2021-05-12T00:00:00+00:00'
    """
    for pattern in _DATES:
        if match := pattern.match(text.strip()):
            return _date(match.groupdict())
    return None


def find_review_date(texts: Sequence[str]) -> datetime | None:
    """Return the date of the first sentence of *texts* that begins like "Last reviewed: 12 May 2021", or None."""
    for text in texts:
        for match in _REVIEW_SENTENCE.finditer(text):
            if date := read_date(match["date"]):
                return date
    return None


def _looks_like_keys(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return not first or _KEY.fullmatch(first.rstrip()) is not None


def _read_keys(lines: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in lines:
        if match := _KEY.fullmatch(line.rstrip()):
            key = match[1].lower().replace("-", "_").replace(" ", "_")
            values.setdefault(key, _unquoted(match[2] or ""))
    return values


def _unquoted(value: str) -> str:
    value = value.strip()
    if value[:1] in {'"', "'"}:
        end = value.rfind(value[0], 1)
        return value[1:end].replace('\\"', '"').replace("''", "'") if end > 0 else value
    value = value.split(" #", 1)[0].rstrip()
    return "" if value[:1] in {"|", ">", "[", "{", "&", "*"} else value


def _date(parts: Mapping[str, str]) -> datetime | None:
    month = parts["month"].lower()
    number = _MONTHS.get(month) or int(month)
    try:
        return datetime(int(parts["year"]), number, int(parts.get("day", 1)), tzinfo=UTC)
    except ValueError:
        return None
