"""HTML turned into Markdown by html-to-markdown. Knows tags; knows nothing of pages."""

import html
import re

from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

from indexer.wikis.reading import ANCHOR_CLOSES, ANCHOR_OPENS, PROTECTED

NAVIGATION = tuple(
    "nav [role=navigation] [role=contentinfo] .breadcrumb .breadcrumbs .toc #toc #footer .headerlink .header-anchor"
    " .hash-link .mw-editsection .navheader .navfooter".split()
)
"""CSS selectors of what leads around a site and says nothing itself."""

_NOTE_MARKS = tuple(
    ".footnote-reference .footnote-ref .footnoteref .fn-backref .fn-bracket .footnote-backref .footnote-back"
    " a.footnote sup.footnote sup.reference [role=doc-noteref] [role=doc-backlink]".split()
)
"""CSS selectors of a footnote's number in the text, where it reads like one of the text's own, and of the way back."""

_EMBEDDED = ("iframe", "video", "audio", "object", "embed")

_KNOWN_TAGS = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br button"
    " canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed"
    " fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe"
    " img input ins kbd label legend li link main map mark marquee math menu menuitem meta meter nav nobr noframes"
    " noscript object ol optgroup option output p param picture plaintext pre progress q rp rt ruby s samp script"
    " search section select slot small source span strike strong style sub summary sup svg table tbody td template"
    " textarea tfoot th thead time title tr track tt u ul var video wbr xmp".split()
)
_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9-]*)>")
_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE)
_HEADING_ID = re.compile(
    r"(<h[1-6]\b(?:[^<>]*?\bid=[\"']?([^\"'\s>]+)[^<>]*>|[^<>]*>\s*<(?:span|a)\b[^<>]*?\b(?:id|name)=[\"']?([^\"'\s>]+)[^<>]*>))",
    re.IGNORECASE,
)
_SECTION_ID = re.compile(
    r"(<(?:section|div)\s(?:[^<>]*?\s)?id=[\"']?([^\"'\s>]+)[^<>]*>\s*(?:<(?:span|a)\b[^<>]*>\s*</(?:span|a)>\s*)*<h[1-6]\b)"
    r"(?=[^<>]*>)(?![^<>]*\sid=)(?!(?:\s[^<>]*)?>\s*<(?:span|a)\b[^<>]*\s(?:id|name)=)",
    re.IGNORECASE,
)
_JOINT_OF_TERMS = re.compile(
    r"</dt>\s*(?:<dt\b[^<>]*>|<dd\b[^<>]*>\s*(?:<p\b[^<>]*>|(?=[^<\s]|<(?:a|b|i|em|strong|code|tt|span|kbd|samp)\b)))",
    re.IGNORECASE,
)
_EXPONENT = re.compile(r"(?<=[\w)])<sup>(-?\d+)</sup>")
_ANY_TAG = re.compile(r"<[^<>]*>")


def page_as_markdown(source: str, leave_out: tuple[str, ...] = ()) -> str:
    """Return a whole page, every character of its text escaped, without navigation and what *leave_out* selects."""
    named = _SECTION_ID.sub(r'\1 id="\2"', _with_terms_joined(source))
    marked = _HEADING_ID.sub(_with_anchor, _EXPONENT.sub(r"^\1", named))
    return _converted(marked, _options(escape=True, leave_out=(*NAVIGATION, *_NOTE_MARKS, *leave_out)))


def block_as_markdown(source: str) -> str:
    """Return a block of HTML found in Markdown; Markdown inside it stays Markdown, as most authors mean it."""
    source = _HEADING_ID.sub(_with_anchor, with_placeholders(source))
    for mark, meant in PROTECTED.items():
        source = source.replace(html.escape(meant), mark)
    return _converted(source, _options(escape=False, leave_out=()))


def with_placeholders(source: str) -> str:
    """Return *source* with `<your-name>`, where no tag of HTML is called so and none is closed, as visible text."""
    return _PLACEHOLDER.sub(lambda tag: f"&lt;{tag[1]}&gt;" if is_placeholder(tag[0], source) else tag[0], source)


def is_placeholder(tag: str, source: str) -> bool:
    """Whether *tag*, seen in *source*, stands for something to fill in, such as `<your-name>`."""
    match = _PLACEHOLDER.fullmatch(tag)
    return match is not None and match[1] not in _KNOWN_TAGS and f"</{match[1]}>" not in source


def without_unseen(source: str) -> str:
    """Return *source* without comments, scripts and style sheets."""
    return _UNSEEN.sub("", source)


def without_tags(source: str) -> str:
    """Return the bare text of *source*, entities as they are, for what no converter can take apart."""
    text = _ANY_TAG.sub(" ", without_unseen(source))
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


def _with_terms_joined(source: str) -> str:
    """Return *source* with each term of a definition list on the lines above its definition, in one paragraph."""
    return _JOINT_OF_TERMS.sub("<br>", source)


def _with_anchor(heading: re.Match[str]) -> str:
    return f"{heading[1]}{ANCHOR_OPENS}{heading[2] or heading[3]}{ANCHOR_CLOSES}"


def _converted(source: str, options: ConversionOptions) -> str:
    conversion = convert(source, options)
    if conversion.warnings:  # cut short, or nested too deep
        return without_tags(source)
    return conversion.content or ""


def _options(*, escape: bool, leave_out: tuple[str, ...]) -> ConversionOptions:
    return ConversionOptions(
        escape_asterisks=escape,
        escape_underscores=escape,
        escape_misc=escape,
        escape_ascii=escape,
        autolinks=False,
        extract_metadata=False,
        compact_tables=True,
        expand_abbreviations=False,
        include_blockquote_citations=False,
        bullets="-",
        highlight_style="none",
        hidden_content="reachable",
        preprocessing=PreprocessingOptions(enabled=False),
        exclude_selectors=[*_EMBEDDED, *leave_out],
    )
