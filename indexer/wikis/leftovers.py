"""Takes what belongs to a site generator, not to the page, out of Markdown source, line by line and never in code.

`<% erb %>`, `{% liquid %}`, `{{< hugo >}}`, `{: .kramdown }` and `[TOC]` are dropped; `!!! note "Title"`,
`:::tip Title` and `> [!NOTE]` become a bold line, and their text stays; a footnote becomes a note in its place.
"""

import re

MAX_LINE_CHARACTERS = 10_000
"""Longer lines are no prose and are left as they are: the patterns here take quadratic time at worst."""

_HINT = re.compile(
    r"<%|\{[{%:]|^[ \t]*(?:!!!|\?\?\?|===|:::)|\[!|\[\^|\[\[|\[toc\]|<sup>", re.IGNORECASE | re.MULTILINE
)
_FENCE = re.compile(r"[ \t>]*(?:[-+*] +|\d+[.)] +)*(`{3,}(?=[^`]*$)|~{3,})")
_CODE_SPAN = re.compile(r"(`+[^`]+`+)")
_TAGS = re.compile(r"<%(?!%).*?%>|\{%.*?%\}|\{\{[<%].*?[>%]\}\}|\{:(?: |[.#])[^{}]*\}")
_LONE = re.compile(
    r"[ \t>]*(?:\{:(?: |[.#])[^{}]*\}|\{\{[^{}]*\}\}|\[\[?_?toc_?\]?\]|\[\[_TOSP_\]\]|<!-- *toc *-->)[ \t]*",
    re.IGNORECASE,
)
_ERB_OPENS, _ERB_CLOSES = re.compile(r"<%(?!%)(?:(?!%>).)*$"), "%>"
_ALERT = re.compile(r"([ \t>]*>[ \t]*)\[!(\w+)\][ \t]*(.*)")
_INDENTED_NOTE = re.compile(r"( *)(?:(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)[\w -]*?|===[!+]?)[ \t]*(?:\"(.*)\")?[ \t]*")
_FENCED_NOTE = re.compile(r"[ \t]*:{3,}[ \t]*\{?(?:([A-Za-z][\w-]*))?\}?[ \t]*(?:\[(.*)\]|(.*))")
_FOOTNOTE = re.compile(r"[ \t]{0,3}\[\^([^\]\s]+)\]:[ \t]*")
_EXPONENT = re.compile(r"(?<=[\w)])<sup>(-?\d+)</sup>")
_WIKI_LINK = re.compile(r"(?<!\[)\[\[([^\s\[\]|][^\[\]|]*)\]\](?!\])")


def without_leftovers(text: str) -> str:
    """Return Markdown *text* without the marks of site generators; code blocks and code spans are left as they are."""
    if not _HINT.search(text):
        return text
    lines = text.split("\n")
    cleaner = _Cleaner({match[1] for line in lines if (match := _FOOTNOTE.match(line))})
    cleaned = ((line, cleaner.cleaned(line)) for line in lines)
    return "\n".join(after for before, after in cleaned if after.strip(" \t") or not before.strip())


class _Cleaner:
    """Remembers from line to line what it is in: a code block, an ERB tag, notes indented by four spaces."""

    def __init__(self, footnotes: set[str]) -> None:
        self._footnotes = footnotes
        self._fence = ""
        self._is_in_erb = False
        self._notes: list[int] = []  # the indentation of each open note

    def cleaned(self, line: str) -> str:
        line = self._out_of_notes(line)
        if self._fence:
            self._fence = "" if _closes(line, self._fence) else self._fence
            return line
        if self._is_in_erb:
            self._is_in_erb = _ERB_CLOSES not in line
            return "" if self._is_in_erb else line.split(_ERB_CLOSES, 1)[1]
        if match := _FENCE.match(line):
            self._fence = match[1]
            return line
        return self._text_line(line) if len(line) <= MAX_LINE_CHARACTERS else line

    def _out_of_notes(self, line: str) -> str:
        if not line.strip():
            return line
        indent = len(line) - len(line.lstrip(" "))
        while self._notes and indent < self._notes[-1] + 4:
            self._notes.pop()
        return line[4 * len(self._notes) :]

    def _text_line(self, line: str) -> str:
        match = _INDENTED_NOTE.fullmatch(line)
        if match and (match[2] or match[3]):
            self._notes.append(len(match[1]) + 4 * len(self._notes))
            return f"\n{match[1]}{_bold(match[2] or '', match[3] or '')}\n"
        line = _line(line, self._footnotes)
        self._is_in_erb = "`" not in line and _ERB_OPENS.search(line) is not None
        return _ERB_OPENS.sub("", line) if self._is_in_erb else line


def _closes(line: str, fence: str) -> bool:
    mark = line.strip(" \t>")
    return len(mark) >= len(fence) and mark == fence[0] * len(mark)


def _line(line: str, footnotes: set[str]) -> str:
    if not _HINT.search(line):
        return line
    if _LONE.fullmatch(line):
        return "\n"
    if match := _ALERT.fullmatch(line):
        return f"{match[1]}**{match[2].capitalize()}:** {match[3]}"
    if line.lstrip().startswith(":::") and (match := _FENCED_NOTE.fullmatch(line)):
        return "\n" + _bold(match[1] or "", match[2] or match[3] or "") + "\n"
    if match := _FOOTNOTE.match(line):
        return f"\nNote {match[1]}: {line[match.end() :]}\n"
    return _outside_code_spans(line, footnotes)


def _outside_code_spans(line: str, footnotes: set[str]) -> str:
    parts = _CODE_SPAN.split(line)
    parts[::2] = (_without_tags(part, footnotes) for part in parts[::2])
    return "".join(parts)


def _without_tags(text: str, footnotes: set[str]) -> str:
    text = _EXPONENT.sub(r"^\1", _WIKI_LINK.sub(r"\1", _TAGS.sub("", text)))
    return re.sub(r"\[\^([^\]\s]+)\]", lambda match: "" if match[1] in footnotes else match[0], text)


def _bold(kind: str, title: str) -> str:
    words = ": ".join(part for part in (kind.capitalize(), title.strip()) if part)
    return f"**{words}**" if words else ""
