"""The small checks that block, view and chunk shapes are put together from.

A check takes a value, its JSON pointer and a list of findings, and adds one sentence in Slack's words per fault. It
never stops at the first.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Findings = list[str]
Check = Callable[[object, str, Findings], None]

_LOOSE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")


def find(check: Check, value: object, pointer: str = "") -> list[str]:
    """Return what *check* finds wrong with *value*; an empty list when all is well."""
    findings: Findings = []
    check(value, pointer, findings)
    return findings


def complain(findings: Findings, sentence: str, pointer: str) -> None:
    """Add *sentence* with its place, as Slack writes it."""
    findings.append(f"[ERROR] {sentence} [json-pointer:{pointer or '/'}]")


def escaped_length(text: str) -> int:
    """Count the characters of text that Slack will still escape.

    >>> escaped_length("a < b")
    8
    """
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def mrkdwn_length(text: str) -> int:
    """Count the characters of mrkdwn, where an entity costs what is written and a loose ampersand five."""
    return len(_LOOSE_AMPERSAND.sub("&amp;", text))


def words(maximum: int, minimum: int = 1, length: Callable[[str], int] = len) -> Check:
    """Demand a string of *minimum* to *maximum* characters, counted by *length*."""

    def check(value: object, pointer: str, findings: Findings) -> None:
        if not isinstance(value, str):
            complain(findings, "must provide a string", pointer)
        elif length(value) > maximum:
            complain(findings, f"must be less than {maximum + 1} characters", pointer)
        elif len(value) < minimum:
            complain(findings, f"must be more than {minimum - 1} characters", pointer)

    return check


def address(maximum: int = 3000) -> Check:
    """Demand an absolute http or https address."""
    as_words = words(maximum)

    def check(value: object, pointer: str, findings: Findings) -> None:
        as_words(value, pointer, findings)
        if isinstance(value, str) and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
            complain(findings, "must be a valid URL", pointer)

    return check


def one_of(*choices: str) -> Check:
    """Demand one of *choices*."""

    def check(value: object, pointer: str, findings: Findings) -> None:
        if value not in choices:
            complain(findings, f"must be one of the allowed values: {', '.join(choices)}", pointer)

    return check


def flag(value: object, pointer: str, findings: Findings) -> None:
    """Demand true or false."""
    if not isinstance(value, bool):
        complain(findings, "must provide a boolean", pointer)


def number(value: object, pointer: str, findings: Findings) -> None:
    """Demand a number that is not a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        complain(findings, "must provide a number", pointer)


def anything(value: object, pointer: str, findings: Findings) -> None:
    """Accept everything: what Slack checks here is not known."""


def items(each: Check, maximum: int, minimum: int = 1) -> Check:
    """Demand a list of *minimum* to *maximum* values that pass *each*."""

    def check(value: object, pointer: str, findings: Findings) -> None:
        if not isinstance(value, list):
            complain(findings, "must be an array", pointer)
            return
        if len(value) > maximum:
            complain(findings, f"no more than {maximum} items allowed", pointer)
        if len(value) < minimum:
            complain(findings, f"must contain at least {minimum} items", pointer)
        for place, item in enumerate(value):
            each(item, f"{pointer}/{place}", findings)

    return check


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with *required* and *optional* fields, no others, and *needs_one_of* some."""

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    needs_one_of: tuple[str, ...] = ()

    def __call__(self, value: object, pointer: str, findings: Findings) -> None:
        """Check *value*; an optional field may be null."""
        if not isinstance(value, Mapping):
            complain(findings, "must be an object", pointer)
            return
        for name in self.required.keys() - value.keys():
            complain(findings, f"missing required field: {name}", pointer)
        if self.needs_one_of and not any(value.get(name) for name in self.needs_one_of):
            complain(findings, f"missing required field: {' or '.join(self.needs_one_of)}", pointer)
        known = {**self.required, **self.optional}
        for name, inner in value.items():
            if name not in known:
                complain(findings, f"invalid additional property: {name}", pointer)
            elif inner is not None or name in self.required:
                known[name](inner, f"{pointer}/{name}", findings)


@dataclass(frozen=True, slots=True)
class Kinds:
    """An object whose ``type`` chooses its shape out of *shapes*; *noun* is for the sentence about an unknown one."""

    noun: str
    shapes: Mapping[str, Check]

    def __call__(self, value: object, pointer: str, findings: Findings) -> None:
        """Check *value* by the shape of its type."""
        if not isinstance(value, Mapping):
            complain(findings, "must be an object", pointer)
            return
        shape = self.shapes.get(str(value.get("type")))
        if shape is None:
            complain(findings, f"unsupported type: {value.get('type')} is no {self.noun} that may stand here", pointer)
        else:
            shape(value, pointer, findings)

    def only(self, *names: str) -> "Kinds":
        """Return the same for fewer types."""
        return Kinds(self.noun, {name: self.shapes[name] for name in names})


def both(*checks: Check) -> Check:
    """Demand that every one of *checks* passes."""

    def check(value: object, pointer: str, findings: Findings) -> None:
        for each in checks:
            each(value, pointer, findings)

    return check
