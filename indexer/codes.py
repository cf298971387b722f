"""Names and codes in a text: what is written the same way wherever it is meant, such as QS-4012 or deploy.yml."""

import re

_CODE = re.compile(r"[^\W_]+(?:[-_.]+[^\W_]+)*")
_CAMEL = re.compile(r"[a-z][A-Z]")
_SEPARATORS = re.compile(r"[-_.]+")
_UNMISTAKABLE = re.compile(
    r"_|[^\W\d_]{3}\.[^\W\d_]|[^\W\d_]\.[^\W\d_]{3}"  # kube_proxy, deploy.yml, www.gov.uk
    r"|[^\W\d_].*\d\d|\d\.\d+\.\d"  # QS-4012, 1.22.0
    r"|[a-z][A-Z].*[a-z][A-Z]"  # LongRequestDuration, not PowerPoint
)
LONGEST = 100  # characters of a code that anybody would look for


def codes_in(text: str) -> list[str]:
    """Return the names and codes in *text*, each once: what has a digit, an inner `_`, `.` or `-`, or CamelCase.

    >>> codes_in("Run kube_proxy 1.2 if ERR-4012 hits getUserName on a box.")
    ['kube_proxy', '1.2', 'ERR-4012', 'getUserName']
    """
    return list(dict.fromkeys(token for token in _CODE.findall(text) if _is_code(token)))


def unmistakable(text: str) -> list[str]:
    """Return those of the codes in *text* that nobody writes who does not mean just that, each once.

    >>> unmistakable("Does QS-4012 in deploy.yml need the on-call, e.g. by 10pm, or kube_proxy 1.2 on a T490?")
    ['QS-4012', 'deploy.yml', 'kube_proxy', 'T490']
    """
    return [code for code in codes_in(text) if len(code) <= LONGEST and _UNMISTAKABLE.search(code)]


def joined(code: str) -> str:
    """Return *code* without what separates its parts."""
    return _SEPARATORS.sub("", code)


def spelled(code: str) -> str:
    """Return *code* in the one spelling in which two are compared.

    >>> spelled("QS-4012") == spelled("qs4012")
    True
    """
    return joined(code).casefold()


def answers_to(code: str) -> set[str]:
    """Return what *code* may be asked for by, as spelled: itself, and what stands between its dots.

    >>> sorted(answers_to("booking.hold_ttl"))
    ['booking', 'bookingholdttl', 'holdttl']
    """
    return {spelled(code), *map(spelled, code.split("."))}


def _is_code(token: str) -> bool:
    """Tell a name or code, of at least the three characters that a trigram needs, from a plain word."""
    return len(token) >= 3 and (not token.isalpha() or _CAMEL.search(token) is not None)
