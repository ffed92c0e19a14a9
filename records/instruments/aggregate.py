"""The aggregate form of an instrument: the same variables as counts, for agencies that may not send single records."""

from collections.abc import Mapping
from typing import Any

from standards.measures import aggregate_code

Content = dict[str, Any]
TITLE = {"en": "{title}, counts", "ru": "{title}, численность", "tk": "{title}, sanlar"}
# Checks that see how many have a code, whether each has a row of its own or not.
CHECKS = frozenset(
    {"share_unknown", "share_of", "constant", "one_sex", "share_by_sex", "none_of", "ratio"}
)


def aggregate_form(content: Mapping[str, Any], shared: Mapping[str, Any]) -> Content:
    """Return the content of the aggregate form of an instrument that has one (key `aggregate`).

    shared: the variables of every table of counts. Rules and checks stay where all they compare is told by a cell.
    """
    own = {v["name"]: v for v in content["variables"]}
    counted = {v["name"]: v for v in shared["variables"]}
    cells = [
        counted[name] if name in counted else _cell(own[name]) for name in content["aggregate"]
    ]
    variables = [counted["event_date"], *cells, counted["count"]]
    names = {v["name"] for v in variables}
    told = names | {"age"} if "age_group" in names else names
    return {
        **{key: value for key, value in content.items() if key != "aggregate"},
        "code": aggregate_code(content["code"]),
        "title": {
            language: TITLE[language].format(title=title)
            for language, title in content["title"].items()
        },
        "agencies": [],
        "collects": "counts",
        "cells": list(content["aggregate"]),
        "variables": variables,
        "rules": [
            rule
            for rule in content["rules"]
            if rule["variable"] in names - {"event_date"} and _compared(rule) <= told
        ],
        "checks": [
            check
            for check in content["checks"]
            if check["kind"] in CHECKS and {check["variable"], *check.get("within", ())} <= names
        ],
        "composites": [],
    }


def _cell(variable: Mapping[str, Any]) -> Content:
    """Return the variable as it tells cells apart: stated, or said to be unknown."""
    return {**variable, "required": bool(variable.get("required")) or "unknown" not in variable}


def _compared(rule: Mapping[str, Any]) -> set[str]:
    """Return the variables that a rule compares; of words in a file nothing is left in a cell."""
    keys = ("var", "since", "per", "equals", "differs")
    compared = {part[key] for part in rule["when"] for key in keys if key in part}
    words = any("written_as" in part for part in rule["when"])
    return compared | {"words of a file"} if words else compared
