"""Typed reading of one call's arguments, which come as JSON or as form fields."""

import json
from collections.abc import Mapping

from bot.workspace.errors import CallRefused
from bot.workspace.wire import Json


class Arguments:
    """The arguments of one call; what is missing or of the wrong kind is refused as Slack does."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}

    def has(self, name: str) -> bool:
        """Tell whether the argument was given at all."""
        return name in self._given

    def text(self, name: str) -> str:
        """Return a required string."""
        value = self.maybe(name)
        if not value:
            raise CallRefused("invalid_arguments", f"[ERROR] missing required field: {name}")
        return value

    def maybe(self, name: str) -> str | None:
        """Return a string, or None where it was not given."""
        value = self._given.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise CallRefused("invalid_arguments", f"[ERROR] must provide a string [json-pointer:/{name}]")

    def number(self, name: str, default: int) -> int:
        """Return a whole number."""
        value = self._given.get(name, default)
        try:
            return int(str(value))
        except ValueError as error:
            raise CallRefused("invalid_arguments", f"[ERROR] must provide a number [json-pointer:/{name}]") from error

    def flag(self, name: str) -> bool:
        """Tell whether the argument is true; false when not given."""
        return str(self._given.get(name, "")).lower() in {"true", "1"}

    def objects(self, name: str, error: str = "invalid_arguments") -> list[Json]:
        """Return a list of objects, empty where it was not given; *error* is Slack's code for anything else."""
        value = self._read(name, error)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise CallRefused(error, f"[ERROR] must be an array of objects [json-pointer:/{name}]")
        return value

    def mapping(self, name: str, error: str = "invalid_arguments") -> Json | None:
        """Return an object, or None where it was not given."""
        value = self._read(name, error)
        if value is None or isinstance(value, dict):
            return value
        raise CallRefused(error, f"[ERROR] must be an object [json-pointer:/{name}]")

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of strings, empty where it was not given."""
        value = self._read(name, "invalid_arguments")
        if not isinstance(value, list | None) or not all(isinstance(each, str) for each in value or ()):
            raise CallRefused("invalid_arguments", f"[ERROR] must be an array of strings [json-pointer:/{name}]")
        return tuple(value or ())

    def listed(self, name: str, default: str) -> list[str]:
        """Return the parts of a comma-separated string."""
        return [part.strip() for part in (self.maybe(name) or default).split(",") if part.strip()]

    def _read(self, name: str, error: str) -> object:
        value = self._given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as fault:
            raise CallRefused(error, f"[ERROR] invalid JSON [json-pointer:/{name}]") from fault
