"""What is written is read by others, what is read is whole, and nothing of a document type is."""

import xmlrpc.client  # another's reading of the format; what it reads is ours

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from indexer.wikis.xmlrpc import MAX_DEPTH, Fault, NotXmlRpc, read, written

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
PLAIN = st.booleans() | st.integers(-(2**31), 2**31 - 1) | TEXTS
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)


def answer(inside: str) -> bytes:
    """Return an answer whose value is that."""
    return f"<methodResponse><params><param><value>{inside}</value></param></params></methodResponse>".encode()


@given(params=st.lists(PLAIN | st.dictionaries(TEXTS, PLAIN, max_size=3), max_size=3))
def test_call_is_read_by_others_as_it_was_meant(params: list[JsonValue]) -> None:
    """Python's own reader says so."""
    assert xmlrpc.client.loads(written("wiki.getPage", params)) == (tuple(params), "wiki.getPage")


@given(value=VALUES)
def test_what_others_write_is_read_as_it_was_meant(value: JsonValue) -> None:
    """And half of it, or all but its last sign, is no answer."""
    body = xmlrpc.client.dumps((value,), methodresponse=True).strip().encode()

    assert read(body) == value
    for end in (len(body) // 2, len(body) - 1):
        with pytest.raises(NotXmlRpc):
            read(body[:end])


def test_value_without_a_type_is_text() -> None:
    """The specification has it so; dates stay as they are written."""
    assert read(answer("plain &amp; simple")) == "plain & simple"
    assert read(answer("<dateTime.iso8601>2026-11-23T12:22:18+00:00</dateTime.iso8601>")).__class__ is str


def test_stray_bytes_of_a_page_do_not_spoil_its_answer() -> None:
    """Control characters, broken UTF-8, and what a careless plugin prints before the answer."""
    spoilt = answer("<string>a\x0bb?c</string>").replace(b"?", b"\xff")

    assert read(b"\xef\xbb\xbf\n<?xml version='1.0'?>" + spoilt) == "a\ufffdb\ufffdc"
    assert b"\xef\xbf\xbd" in written("dokuwiki.login", ["a\x00b"])


def test_fault_is_raised_with_its_number() -> None:
    """Also where it lacks one."""
    told = xmlrpc.client.dumps(xmlrpc.client.Fault(121, "The requested page does not exist"))
    with pytest.raises(Fault, match="121: The requested page") as raised:
        read(told.encode())
    assert raised.value.code == 121
    with pytest.raises(Fault) as raised:
        read(b"<methodResponse><fault><value>no</value></fault></methodResponse>")
    assert raised.value.code == 0


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
HOSTILE = {
    "entity bomb": f"<!DOCTYPE methodResponse [{BOMB}]>".encode() + answer("<string>&e9;</string>"),
    "another file": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + answer("<string>&e;</string>"),
    "in UTF-16": ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x []>' + answer("x").decode()).encode("utf-16"),
    "in UTF-7": b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE x []>' + answer("x"),
    "very deep": answer("<array><data><value>" * (MAX_DEPTH + 1) + "</value></data></array>" * (MAX_DEPTH + 1)),
    "deeper than any parser": answer("<array><data><value>" * 9999 + "</value></data></array>" * 9999),
    "unknown entity": answer("<string>&nbsp;</string>"),
    "a page for people": b"<html><body>Back soon</body></html>",
    "nothing": b"",
    "no value": b"<methodResponse><params/></methodResponse>",
    "a call": written("wiki.getPage", ["start"]),
    "two types": answer("<int>1</int><int>2</int>"),
    "an odd type": answer("<ex:i8 xmlns:ex='x'>1</ex:i8>"),
    "no number": answer("<int>one</int>"),
    "a number without end": answer(f"<int>{'9' * 9999}</int>"),
    "no truth": answer("<boolean>yes</boolean>"),
    "a member without a value": answer("<struct><member><name>x</name></member></struct>"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_answer_is_refused(content: bytes) -> None:
    """At once, without reading a file, asking a network or filling the memory."""
    with pytest.raises(NotXmlRpc):
        read(content)
