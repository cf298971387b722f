"""XML-RPC: a call written as XML, and its answer read back. Nothing of a document type is read, whoever sent it."""

import re
from collections.abc import Sequence

from lxml import etree
from pydantic import JsonValue

MAX_DEPTH = 20  # of structs and arrays in each other; a list of pages has two

_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class NotXmlRpc(Exception):
    """An answer is cut short, or no answer of XML-RPC at all; the message says why."""


class Fault(Exception):
    """An answer that says that something is wrong, by a number and a sentence; 0 and nothing where it does not say."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text[:200]}")
        self.code = code


def written(method: str, params: Sequence[JsonValue]) -> bytes:
    """Return the call of *method* with *params*; what has no place in XML is U+FFFD."""
    call = etree.Element("methodCall")
    etree.SubElement(call, "methodName").text = method
    sent = etree.SubElement(call, "params")
    for param in params:
        _write(etree.SubElement(etree.SubElement(sent, "param"), "value"), param)
    said: bytes = etree.tostring(call, encoding="utf-8", xml_declaration=True)
    return said


def read(content: bytes) -> JsonValue:
    """Return what an answer holds: dates and bytes as they are written. Raises NotXmlRpc, and Fault if it is one."""
    text = _NOT_IN_XML.sub("\ufffd", content.decode("utf-8", "replace")).lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text:
        raise NotXmlRpc("it has a document type, as a page for people has")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        answer = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise NotXmlRpc(f"{error.msg} ({len(content)} bytes)") from error
    value = answer.find("params/param/value")
    fault = answer.find("fault/value")
    if answer.tag != "methodResponse" or (value is None and fault is None):
        raise NotXmlRpc(f"it is <{answer.tag}> without a value")
    if fault is not None:
        raise _fault(_value(fault))
    return _value(value)


def _fault(said: JsonValue) -> Fault:
    named = said if isinstance(said, dict) else {}
    code = named.get("faultCode")
    return Fault(code if isinstance(code, int) else 0, str(named.get("faultString") or ""))


def _write(value: etree._Element, param: JsonValue) -> None:
    """Write *param* into the element *value*."""
    match param:
        case bool():
            etree.SubElement(value, "boolean").text = str(int(param))
        case int():
            etree.SubElement(value, "int").text = str(param)
        case str():
            etree.SubElement(value, "string").text = _NOT_IN_XML.sub("\ufffd", param)
        case dict():
            struct = etree.SubElement(value, "struct")
            for name, one in param.items():
                member = etree.SubElement(struct, "member")
                etree.SubElement(member, "name").text = name
                _write(etree.SubElement(member, "value"), one)
        case _:
            raise AssertionError(f"no call has a parameter such as {type(param).__name__}")


def _value(value: etree._Element, depth: int = 0) -> JsonValue:
    """Return what the element *value* holds: a string, unless it says what else. Raises NotXmlRpc."""
    if depth > MAX_DEPTH:
        raise NotXmlRpc(f"its values are nested more than {MAX_DEPTH} deep")
    if len(value) == 0:
        return str(value.text or "")
    [typed, *more] = value
    if more:
        raise NotXmlRpc("a value of it has two types")
    match typed.tag:
        case "array":
            return [_value(one, depth + 1) for one in typed.iterfind("data/value")]
        case "struct":
            return {_name(member): _member(member, depth) for member in typed.iterfind("member")}
        case _:
            return _plain(typed)


def _name(member: etree._Element) -> str:
    return str(member.findtext("name") or "")


def _member(member: etree._Element, depth: int) -> JsonValue:
    value = member.find("value")
    if value is None:
        raise NotXmlRpc(f"its member {_name(member)[:40]!r} has no value")
    return _value(value, depth + 1)


def _plain(typed: etree._Element) -> JsonValue:
    text = str(typed.text or "")
    try:
        match typed.tag:
            case "string" | "dateTime.iso8601" | "base64":
                return text
            case "int" | "i4" | "i8":
                return int(text)
            case "boolean":
                return bool(int(text))
            case "double":
                return float(text)
            case "nil":
                return None
    except ValueError as error:
        raise NotXmlRpc(f"its {typed.tag} {text[:40]!r} is none") from error
    raise NotXmlRpc(f"it has a value of the unknown type {str(typed.tag)[:40]!r}")
