"""What a setting may be, in words, from the schema that checks it."""

from __future__ import annotations

from typing import Any


def bounds(schema: dict[str, Any]) -> str:
    """Of a JSON schema of one setting.

    >>> bounds({"type": "integer", "minimum": 1})
    'a whole number, at least 1'
    """
    schema = next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema)
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if schema["type"] == "boolean":
        return "true or false"
    number = "a whole number" if schema["type"] == "integer" else "a number"
    low, high = (schema.get(k) for k in ("exclusiveMinimum", "exclusiveMaximum"))
    if high is not None:
        return f"{number} in ({low:g}, {high:g})"
    if low is not None:
        return "a positive number"
    if "maximum" in schema:
        return f"{number} in [{schema['minimum']:g}, {schema['maximum']:g}]"
    return f"{number}, at least {schema['minimum']:g}"


def rule(message: str) -> str:
    """Of a validator's message.

    >>> rule("Input should be greater than 0")
    'greater than 0'
    """
    return message.removeprefix("Input should be ")
