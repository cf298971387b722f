"""Confluence's storage format turned into plain HTML: macros by what readers see of them, code byte for byte.

It is XML, and code and link labels are CDATA in it, which HTML parsers drop. Pages that a macro includes are left out:
they are other pages, with readers of their own.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator

from lxml import etree

MAX_CHARACTERS = 5_000_000

_AC, _RI = "{urn:ac}", "{urn:ri}"
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_KEPT = frozenset(
    "p ul ol li table thead tbody tfoot tr th td pre code blockquote sub sup s del br hr dl dt dd".split()
)
_UNSEEN = frozenset("style script colgroup col".split()) | {f"{_AC}placeholder", f"{_AC}adf-fallback"}
_OTHER_PAGES = frozenset("include excerpt-include includeplus multiexcerpt-include page-include html-include".split())
_RAW = frozenset({"html", "style", "anchor"})
_BOXES = {"info": "Info", "note": "Note", "warning": "Warning", "tip": "Tip", "panel": "", "expand": ""}


class NotStorage(Exception):
    """A page's body is no storage format; the message says why, for an admin."""


def storage_as_html(storage: str, anchor_of: Callable[[str], str]) -> str:
    """Return plain HTML of what readers see; *anchor_of* gives each heading, in order, its id. Raises NotStorage."""
    if len(storage) > MAX_CHARACTERS:
        raise NotStorage(f"The page has {len(storage)} characters, more than {MAX_CHARACTERS}.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    source = f'<page xmlns:ac="urn:ac" xmlns:ri="urn:ri">{_as_xml(storage)}</page>'
    try:
        page = etree.fromstring(source.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise NotStorage(f"The page is not whole: {error.msg}.") from error
    return "".join(_Renderer(anchor_of).inside(page))


class CloudAnchors:
    """The ids that Confluence Cloud gives headings: hyphens for spaces, and .1, .2 for those already taken."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def of(self, heading: str) -> str:
        """Return the id of the next heading."""
        slug = "-".join(heading.split())
        self._taken[slug] += 1
        return slug if self._taken[slug] == 1 else f"{slug}.{self._taken[slug] - 1}"


class DataCenterAnchors:
    """The ids that Confluence Data Center gives headings: the page's title and the heading, without their spaces."""

    def __init__(self, title: str) -> None:
        self._title = "".join(title.split())
        self._cloud = CloudAnchors()

    def of(self, heading: str) -> str:
        """Return the id of the next heading."""
        return self._cloud.of(f"{self._title}-{''.join(heading.split())}")


class _Renderer:
    """Renders elements, headings in their order."""

    def __init__(self, anchor_of: Callable[[str], str]) -> None:
        self._anchor_of = anchor_of

    def inside(self, element: etree._Element) -> Iterator[str]:
        """Yield what is in *element*."""
        yield html.escape(element.text or "")
        for child in element:
            if isinstance(child.tag, str):  # else a comment
                yield from self._element(child)
            yield html.escape(child.tail or "")

    def _element(self, element: etree._Element) -> Iterator[str]:
        tag = str(element.tag)
        if tag in _UNSEEN:
            return
        if tag in _HEADINGS:
            yield from self._heading(element)
        elif tag in {"br", "hr"}:
            yield f"<{tag}>"
        elif tag in _KEPT:
            yield f"<{tag}{_attributes(element)}>"
            yield from self.inside(element)
            yield f"</{tag}>"
        elif tag.startswith(_AC):
            yield from self._of_confluence(element, tag.removeprefix(_AC))
        elif tag == "time":
            yield html.escape(element.get("datetime", ""))
        else:
            yield from self.inside(element)

    def _heading(self, element: etree._Element) -> Iterator[str]:
        inner = "".join(self.inside(element))
        text = " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", inner)).split())
        if text:
            yield f'<{element.tag} id="{html.escape(self._anchor_of(text))}">{inner}</{element.tag}>'

    def _of_confluence(self, element: etree._Element, name: str) -> Iterator[str]:
        match name:
            case "structured-macro" | "macro":
                yield from self._macro(element)
            case "link":
                yield from self._link(element)
            case "image":
                yield html.escape(element.get(f"{_AC}alt", ""))
            case "emoticon":
                yield html.escape(element.get(f"{_AC}emoji-fallback", ""))
            case "task-list":
                yield "<ul>"
                for task in element.iterchildren(f"{_AC}task"):
                    yield from self._task(task)
                yield "</ul>"
            case "parameter" | "adf-attribute" | "adf-mark" | "inline-comment-count":
                pass
            case _:
                yield from self.inside(element)

    def _task(self, task: etree._Element) -> Iterator[str]:
        is_done = (task.findtext(f"{_AC}task-status") or "").strip() == "complete"
        yield f"<li>[{'x' if is_done else ' '}] "
        for body in task.iterchildren(f"{_AC}task-body"):
            yield from self.inside(body)
        for nested in task.iterchildren(f"{_AC}task-list"):
            yield from self._element(nested)
        yield "</li>"

    def _link(self, link: etree._Element) -> Iterator[str]:
        """Yield a link's label, or else what it leads to."""
        for label in (*link.iterchildren(f"{_AC}link-body"), *link.iterchildren(f"{_AC}plain-text-link-body")):
            yield from self.inside(label)
            return
        for target in link.iterchildren():
            named = (target.get(f"{_RI}{name}") for name in ("content-title", "filename", "space-key"))
            yield html.escape(next((name for name in named if name), ""))
            return
        yield html.escape(link.get(f"{_AC}anchor", ""))

    def _macro(self, macro: etree._Element) -> Iterator[str]:
        name = macro.get(f"{_AC}name", "")
        if name in _OTHER_PAGES or name in _RAW:
            return
        title = _parameter(macro, "title")
        plain = macro.find(f"{_AC}plain-text-body")
        if name == "status":
            yield html.escape(title)
        elif name == "jira":
            yield html.escape(_parameter(macro, "key"))
        elif plain is not None:
            yield f"<p>{html.escape(title)}</p>" if title else ""
            yield _code(plain.text or "", _parameter(macro, "language"))
        else:
            yield from self._box(macro, ": ".join(part for part in (_BOXES.get(name, ""), title) if part))

    def _box(self, macro: etree._Element, title: str) -> Iterator[str]:
        bodies = list(macro.iterchildren(f"{_AC}rich-text-body"))
        if title and bodies:
            yield f"<p>{html.escape(title)}</p>"
        for body in bodies:
            yield from self.inside(body)


def _code(text: str, language: str) -> str:
    word = re.sub(r"[^\w+#-]", "", language)
    name = f' class="language-{word}"' if word else ""
    return f"<pre><code{name}>{html.escape(text)}</code></pre>"


def _parameter(macro: etree._Element, name: str) -> str:
    """Return a parameter of a macro, empty where it has none."""
    found = (one for one in macro.iterchildren(f"{_AC}parameter") if one.get(f"{_AC}name") == name)
    return next((" ".join("".join(map(str, one.itertext())).split()) for one in found), "")


def _attributes(element: etree._Element) -> str:
    """Return what a table's cell spans and where a list begins, if that is a number."""
    kept = ((name, element.get(name, "")) for name in ("colspan", "rowspan", "start"))
    return "".join(f' {name}="{value}"' for name, value in kept if value.isascii() and value.isdigit())


def _as_xml(storage: str) -> str:
    """Return *storage* with HTML's named characters as numbers, outside CDATA, and without what XML cannot hold."""
    parts = _CDATA.split(_NOT_IN_XML.sub("\ufffd", storage))
    parts[::2] = (_ENTITY.sub(_numbered, part) for part in parts[::2])
    return "".join(parts)


def _numbered(entity: re.Match[str]) -> str:
    if entity[1] in _OF_XML:
        return entity[0]
    characters = html.unescape(entity[0])
    if characters == entity[0]:  # no such character
        return f"&amp;{entity[1]};"
    return "".join(f"&#{ord(character)};" for character in characters)
