"""Files of any encoding are read as text, or refused with a reason."""

import pytest

from indexer.wikis.files import UnreadableFile, decode, is_page, title_from


@pytest.mark.parametrize(
    "content",
    [
        "Käthe – 5 €".encode(),
        "Käthe – 5 €".encode("utf-8-sig"),
        "Käthe – 5 €".encode("utf-16"),
        "Käthe – 5 €".encode("cp1252"),
    ],
)
def test_usual_encodings_are_read(content: bytes) -> None:
    """Old exports are in cp1252, some editors write UTF-16."""
    assert decode(content) == "Käthe – 5 €"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PNG\x00\x01", "NUL byte at offset 3"),
        ("Käthe und Jürgen".encode() + b"\xff", "byte 18 (0xff)"),
        ("Привет, мир".encode("cp1251"), "byte 0"),
        (b"caf\x81", "byte 3"),
        (b"\xff\xfea", "UTF-16"),
    ],
)
def test_what_is_no_text_is_refused_with_the_place(content: bytes, why: str) -> None:
    """Guessing would put rubbish into answers; the admin is told where to look."""
    with pytest.raises(UnreadableFile) as refused:
        decode(content)

    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("money/travel-per_diems.md", "Travel per diems"),
        ("it/on-call/index.html.md.erb", "On call"),
        ("README.md", "README"),
        ("it/.md", "It"),
        ("-.md", "-"),
    ],
)
def test_a_page_without_a_title_is_called_like_its_file(path: str, title: str) -> None:
    """Every page needs a name in a citation."""
    assert title_from(path) == title


def test_pages_are_known_by_their_ending() -> None:
    """Static site generators stack endings; upper case comes from Windows."""
    names = ["a.md", "a.MD", "a.markdown", "a.html", "a.htm", "a.html.md.erb", "a.txt", "a.erb", "md", "a.png"]

    assert [name for name in names if is_page(name)] == names[:6]
