"""Style sheets and scripts: all of them are linked, and every class that is styled is used."""

import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
APPS = ("migdata", "agencies", "jobs", "records", "reports", "standards")
BYTES_OF_STYLES = 40_000  # of all sheets together, before they are compressed


def source(*folders, suffixes):
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return "\n".join(path.read_text() for path in paths if path.suffix in suffixes)


def words(text):
    return set(re.findall(r"[a-z][a-z0-9-]*", text.lower()))


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=lambda path: path.name)
def test_every_sheet_and_script_is_linked(path):
    linked = source("templates", suffixes={".html"})
    assert f"{{% static '{path.parent.name}/{path.name}' %}}" in linked


def test_every_class_that_is_styled_is_used():
    # Classes stand in templates and scripts, or are values of the code (a state, the mark of a part).
    used = words(source("templates", "static/js", suffixes={".html", ".js"}))
    used |= words(source(*APPS, suffixes={".py"}))
    used.add("htmx-request")  # htmx sets it while it waits for an answer
    selectors = [
        selector
        for path in STYLES
        for selector in re.findall(
            r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        )
    ]
    styled = {name for text in selectors for name in re.findall(r"\.([a-z][\w-]*)", text)}
    assert len(styled) > 80
    assert sorted(styled - used) == []


def test_the_sheets_stay_small():
    assert sum(path.stat().st_size for path in STYLES) < BYTES_OF_STYLES
