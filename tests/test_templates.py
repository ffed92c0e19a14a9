"""Templates can be read: one element a line, short lines, short files."""

import re

import pytest
from django.conf import settings

FOLDER = settings.BASE_DIR / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
LONGEST_LINE = 110
LONGEST_FILE = 80
# These stand inside a line of text; every other element has lines of its own.
IN_A_LINE = {"a", "abbr", "b", "br", "i", "small", "span"}
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
GROUPED_KEY = re.compile(r"=\"[^\"]*\{\{[ a-z_.]*\bpk *\}\}")


@pytest.fixture(params=TEMPLATES, ids=lambda path: str(path.relative_to(FOLDER)))
def lines(request):
    return request.param.read_text().splitlines()


def crowded(line):
    """Say whether a line opens or closes two elements, or opens one after it has closed another."""
    tags = [closing for closing, name in TAG.findall(line) if name not in IN_A_LINE]
    return tags not in ([], [""], ["/"], ["", "/"])


def test_there_are_templates_to_read():
    assert len(TEMPLATES) > 50


def test_a_line_holds_one_element(lines):
    assert [line.strip() for line in lines if crowded(line)] == []


def test_a_line_is_short(lines):
    assert [line.strip() for line in lines if len(line) > LONGEST_LINE] == []


def test_a_template_is_short(lines):
    assert len(lines) <= LONGEST_FILE


def test_a_key_in_an_attribute_is_not_grouped_by_thousands(lines):
    """Written as text, key 1234 would come back as 1,234, which is nobody's."""
    assert [line.strip() for line in lines if GROUPED_KEY.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "<tr><td>1</td></tr>",
        "<td>1</td><td>2</td>",
        "<ul><li>",
        "</li></ul>",
        "</td><td>",
        '<div class="row"><h1>{{ title }}</h1>',
    ],
)
def test_two_elements_on_a_line_are_seen(line):
    assert crowded(line)


@pytest.mark.parametrize(
    "line",
    [
        '<th scope="row"><a href="/">{{ title }}</a> <span class="n">3</span></th>',
        "{% if label %}<p>{{ label }}</p>{% endif %}",
        "<tr>",
        "</tr>",
        "{% table title %}",
    ],
)
def test_one_element_with_its_text_is_not(line):
    assert not crowded(line)
