"""The table builder: questions as people ask them, bad ones, and that all ways to an answer agree."""

import csv
import io
import json
import re
from html import unescape
from itertools import combinations, product
from urllib.parse import urlencode

import duckdb
import numpy as np
import openpyxl
import pytest
from django.http import QueryDict
from django.utils.html import strip_tags

from reports.pages import reuse
from reports.published import editions, pivot, pivot_query
from reports.published.structure import OTHERS, SEX
from reports.published.tree import against
from tests.form_tokens import without_form_tokens
from tests.reports.conftest import draw

PAGE, V1 = "/figures/build/", "/figures/api/v1"
BEFORE = ("2025-01", "2025-02", "2025-03")
NOW = ("2026-01", "2026-02", "2026-03")
YEAR_BEFORE = tuple(f"2025-{month:02}" for month in range(1, 13))  # most of it was not delivered
COUNTS = ("F", "M", "_OU", "_T")


@pytest.fixture
def two_years(accept, publish):
    """Work permits of the first quarter of two years."""
    accept("SMS-WPF", draw("SMS-WPF", BEFORE, 240))
    accept("SMS-WPF", draw("SMS-WPF", NOW, 320, seed=4))
    publish("WPF")
    return editions.latest("WPF")


def text_of(response):
    return " ".join(unescape(strip_tags(response.content.decode())).split())


def ask(edition, address):
    question = pivot_query.read(QueryDict(address), edition)
    return question, question.answer()


def rows_of(content):
    lines = content.decode().splitlines()
    assert not [line for line in lines if line.startswith("#")]
    return list(csv.DictReader(lines))


def content_of(response):
    return response.getvalue() if response.streaming else response.content


# What people ask: the address, and what the page must say.
ASKED = {
    "": "Permits granted or renewed by sex and year",
    "dataset=WPF&rows=CITIZENSHIP&year=2026": "by citizenship and sex",
    "rows=CITIZENSHIP&cols=YEAR&measure=change": "Change on the year before",
    "rows=OCCUPATION&measure=women&sort=FEMALE_SHARE": "Share of women, %",
    "rows=REGION&cols=QUARTER&measure=column&heat=1": "Share of the column, %",
    "rows=REGION&cols=QUARTER&measure=growth&sort=-F.2026-Q1": "Change on the year before, %",
    "rows=REGION,ACTIVITY&from=-2Q": "by region, economic activity and sex",
    "cols=MONTH&decision=all&from=-12M": "March 2026",
    "rows=MONTH&measure=row": "Share of the row, %",
    "rows=&cols=": "Total",
    "rows=CITIZENSHIP&group=CITIZENSHIP:Neighbours=KAZ+RUS": "Neighbours",
    "rows=CITIZENSHIP&group=CITIZENSHIP:M49": "Central Asia",
    "rows=DECISION&decision=GRANTED,OTHER": "Refused or ended",
    "rows=AGE5&utm_source=letter&release=wpf-1": "Release WPF-1",
    "rows=OCCUPATION&lang=ru": "Руководители",
}


def test_questions_as_people_ask_them(client, two_years):
    for address, said in ASKED.items():
        response = client.get(f"{PAGE}?{address}")
        assert response.status_code == 200, address
        assert said in text_of(response), address
        for path in ("figures.csv", "figures.xlsx", "chart-large-light.svg"):
            assert client.get(f"{PAGE}{path}?{address}").status_code == 200, (address, path)


BAD = {
    "rows=SHOE": ("rows", "There is no dimension “SHOE”"),
    "cols=SHOE": ("cols", "There is no dimension “SHOE”"),
    "rows=SEX": ("rows", "Sex is in every answer"),
    "rows=REGION&cols=REGION": ("cols", "it has one place"),
    "rows=YEAR&cols=QUARTER": ("cols", "one kind of period"),
    "rows=CITIZENSHIP&cols=REGION": ("rows, cols", "cannot be combined"),
    "rows=CITIZENSHIP&from=2026-02": ("rows, cols", "cannot be combined"),
    "rows=CITIZENSHIP&region=TM-S": ("rows, cols", "cannot be combined"),
    "rows=AGE,AGE5,BROAD_AGE,DECISION,YEAR,SKILL": ("rows", "5 dimensions at most"),
    "shoe=1": ("shoe", "There is no parameter “shoe”"),
    "by=REGION": ("by", "There is no parameter “by”"),
    "sex=F": ("sex", "it cannot be a condition"),
    "measure=mean": ("measure", "There is no measure “mean”"),
    "rows=REGION&measure=change": ("measure", "needs years, quarters or months"),
    "rows=REGION&sort=-F.2026": ("sort", "There is no column “F.2026”"),
    "rows=REGION&heat=2": ("heat", "“heat” is 1"),
    "rows=REGION&measure=row&measure=count": ("measure", "given more than once"),
    "rows=REGION&region=XX": ("region", "has no code “XX”"),
    "rows=REGION&from=soon": ("from", "such as -12M, -4Q or -2Y"),
    "rows=REGION&from=-0M": ("from", "such as -12M"),
    "rows=REGION&from=-9999M": ("from", "such as -12M"),
    "rows=REGION&to=-999Y": ("to", "No period lies between"),
    "rows=REGION&to=9999": ("to", "such as -12M"),
    "rows=REGION&to=2999": None,
    "rows=REGION&group=CITIZENSHIP:A=KAZ": ("group", "neither in the rows nor in the columns"),
    "rows=REGION&group=REGION:A=XX": ("group", "has no code “XX”"),
    "rows=REGION&group=nonsense": ("group", "names a dimension, a group and its codes"),
    "rows=CITIZENSHIP&cols=MONTH": ("rows, cols", "cannot be combined"),
    "rows=&cols=CITIZENSHIP": None,
    "rows=REGION'--": ("rows", "There is no dimension"),
    "at-shoe=rows": ("at-shoe", "There is no dimension"),
    "at-region=rows&make=REGION&called=": ("group", "names a dimension"),
    "rows=REGION&lang=fr": ("lang", "There is no language"),
}


def test_what_cannot_be_asked_is_refused_with_the_parameter_and_the_reason(client, two_years):
    for address, refused in BAD.items():
        response = client.get(f"{PAGE}?{address}", follow=True)
        if refused is None:
            assert response.status_code == 200, address
            continue
        parameter, reason = refused
        page = text_of(response)
        assert response.status_code == 400, address
        assert reason in page and f" {parameter} " in page, address
        assert "Here is a table to begin with instead." in page, address
        assert "by sex and year" in page, address
        part = client.get(f"{PAGE}?{address}", headers={"HX-Request": "true"})
        assert part.status_code == 422 and reason in text_of(part), address
        assert "HX-Push-Url" not in part, address
        if "at-" not in address:
            for path in ("figures.csv", "chart-large-light.svg"):
                file = client.get(f"{PAGE}{path}?{address}")
                assert file.status_code in (200, 400), address
                if parameter not in ("sort",):
                    assert file.status_code == 400, (address, path)
                    assert reason in file.content.decode(), address
    assert client.get(f"{PAGE}?release=WPF-9").status_code == 404
    assert client.get(f"{PAGE}?dataset=XX").status_code == 404


def test_a_table_that_is_too_wide_says_how_it_would_fit(client, two_years):
    wide = "rows=&cols=MONTH,DECISION&decision=all"
    question = pivot_query.read(QueryDict(wide), two_years)
    columns = 5 * len(pivot.heads_of(question.table, question.cols))
    assert columns > pivot_query.MOST_COLUMNS
    response = client.get(f"{PAGE}?{wide}")
    assert response.status_code == 400
    assert f"This table has {columns} columns, more than" in text_of(response)
    assert "Here it is with its columns in the rows." in text_of(response)
    assert "rows=TIME_PERIOD,DECISION" in unescape(response.content.decode())


def test_what_can_be_had_of_a_question_that_is_refused_is_a_link_that_answers(client, two_years):
    for address in (
        "rows=CITIZENSHIP&cols=REGION&from=2026-01&region=TM-S",
        "rows=OCCUPATION,AGE&cols=YEAR&group=OCCUPATION:A=OC1",
        "rows=CITIZENSHIP&cols=MONTH&heat=1",
        "rows=CITIZENSHIP&cols=YEAR&from=2026-02",
        "rows=CITIZENSHIP&cols=YEAR&month=2026-02",
    ):
        page = client.get(f"{PAGE}?{address}").content.decode()
        notice = re.search(r'<div\s+class="notice bad".*?</div>', page, re.DOTALL)[0]
        links = re.findall(r'href="(\?[^"]+)"', notice)
        assert len(links) >= 2, address
        for link in links:
            assert client.get(PAGE + unescape(link)).status_code == 200, link


def test_exactly_what_can_be_combined_can_be_clicked(two_years, client):
    """A place that is not greyed answers; a greyed one would be refused, and says with what it cannot be."""
    structure = two_years.structure
    names = [n for n in structure.names if n not in (SEX, "TIME_PERIOD")]
    for chosen in (["CITIZENSHIP"], ["REGION"], ["OCCUPATION"], ["AGE5", "BROAD_AGE"]):
        page = client.get(f"{PAGE}?rows={','.join(chosen)}&cols=YEAR").content.decode()
        hinders = against(structure, [*chosen, "YEAR", "DECISION"])
        for name in (n for n in names if n not in chosen):
            field = re.search(rf'<input\s[^>]*id="at-{name.lower()}-rows"[^>]*>', page)[0]
            greyed = bool(re.search(r"\sdisabled\s", field))
            address = f"{PAGE}?rows={','.join([*chosen, name])}&cols=YEAR"
            status = client.get(address).status_code
            assert (status == 400) == greyed == bool(hinders.get(name)), (chosen, name)
            if greyed:
                assert "Never published with:" in page
                link = rf'href="([^"]+)" aria-label="{structure.by_name[name].labels["en"]}: Show this instead"'
                instead = unescape(re.search(link, page)[1])
                assert instead == f"?dataset=WPF&rows={name}&cols=YEAR"
                assert client.get(PAGE + instead).status_code == 200


def numbers_of(figures):
    """Women, men, other, total; of a place to which nothing was delivered, nought."""
    return (0, 0, 0, 0) if figures is None else pivot.numbers(figures)


def api(client, edition, by, query):
    said = urlencode({"by": ",".join(by), "limit": 50_000, **query})
    return client.get(f"{V1}/datasets/{edition.dataset}/data?{said}").json()


def test_every_figure_sub_total_and_total_is_that_of_the_api(client, two_years):
    """Random tables: each line and each column is asked of the API by itself."""
    rng = np.random.default_rng(3)
    structure = two_years.structure
    names = [n for n in structure.by_name if n != SEX]
    times = {"TIME_PERIOD", "QUARTER", "YEAR"}
    checked = 0
    for _k in range(60):
        chosen = list(rng.choice(names, 3, replace=False))
        if len(times & {*chosen}) > 1 or not layout_goes(structure, chosen):
            continue
        width = int(rng.integers(0, 4))
        address = f"rows={','.join(chosen[:width])}&cols={','.join(chosen[width:])}"
        question = pivot_query.read(QueryDict(address), two_years)
        turned = pivot.turn(question.table, question.rows, question.cols)
        for depth, whole in product(range(width + 1), (False, True)):
            by = [*chosen[:depth], *(() if whole else chosen[width:])]
            where = {n: ",".join(c) for n, c in question.tabulation.where.items() if n not in by}
            where.setdefault("DECISION", "all")  # the headline stands back where it is in rows
            answer = api(client, two_years, by, where)
            told = {tuple(r[n] for n in by): tuple(r[c] for c in COUNTS) for r in answer["rows"]}
            for line in (one for one in turned.lines if len(one.codes) == depth):
                for k, head in enumerate(turned.heads):
                    if whole == bool(head) and question.cols:
                        continue
                    figures = line.figures[k]
                    mine = numbers_of(figures)
                    codes = (*line.codes, *head)
                    theirs = told.get(codes, (0, 0, 0, 0))
                    assert mine == tuple(n or 0 for n in theirs), (address, codes)
                    checked += 1
    assert checked > 300


def layout_goes(structure, names):
    limited = structure.headline.where
    return all(not against(structure, [*limited, a]).get(b) for a, b in combinations(names, 2))


def test_files_and_the_api_have_the_figures_of_the_page(client, two_years):
    address = "rows=CITIZENSHIP&cols=QUARTER&from=-1Q"
    question, _turned = ask(two_years, address)
    rows = rows_of(client.get(f"{PAGE}figures.csv?{address}").content)
    said = client.get(reuse.api_address(question)).json()
    assert len(rows) == len(said["rows"]) > 2
    for mine, theirs in zip(rows, said["rows"], strict=True):
        assert {n: mine[n] for n in mine} == {
            n: str(v if v is not None else "") for n, v in theirs.items()
        }
    book = openpyxl.load_workbook(
        io.BytesIO(content_of(client.get(f"{PAGE}figures.xlsx?{address}")))
    )
    assert book["Figures"].max_row == len(rows) + 1


def test_groups_of_ones_own_add_up_to_the_same_total_in_page_and_file(client, two_years):
    plain = "rows=CITIZENSHIP&cols=YEAR"
    address = f"{plain}&group=CITIZENSHIP:Neighbours=KAZ+RUS"
    question, turned = ask(two_years, address)
    _asked, whole = ask(two_years, plain)
    assert turned.lines[0].figures == whole.lines[0].figures
    assert [line.codes for line in turned.lines] == [(), ("_G1",), (OTHERS,)]
    by_code = {line.codes: line.figures[-1] for line in whole.lines}
    mine = turned.lines[1].figures[-1]
    assert mine.f == by_code["KAZ",].f + by_code["RUS",].f > 0
    rows = rows_of(client.get(f"{PAGE}figures.csv?{address}").content)
    assert {row["CITIZENSHIP_LABEL"] for row in rows} == {"Neighbours", "All others"}
    assert sum(int(r["F"]) for r in rows if r["CITIZENSHIP"] == "_G1") == mine.f
    assert "group=CITIZENSHIP:Neighbours=KAZ+RUS" in question.address


def test_a_group_is_only_ever_text(client, two_years):
    """Its name comes from an address that anybody may send to anybody."""
    for name in ("<script>alert(1)</script>", '"><img src=x>', "{{ 7 }}", "=1+1", "'; DROP--"):
        query = urlencode({"rows": "REGION", "group": f"REGION:{name}=TM-S"})
        if "=" in name[1:]:
            assert client.get(f"{PAGE}?{query}").status_code == 400
            continue
        response = client.get(f"{PAGE}?{query}")
        page = response.content.decode()
        assert "<script>alert" not in page and "49" not in re.findall(r"<th[^>]*>\s*(\S+)", page)
        file = (
            rows_of(client.get(f"{PAGE}figures.csv?{query}").content)
            if response.status_code == 200
            else []
        )
        assert not any(value.startswith("=") for row in file for value in row.values())


def test_the_query_in_sql_gives_the_same_figures_from_the_public_file(client, two_years, tmp_path):
    for address in (
        "rows=CITIZENSHIP&cols=YEAR",
        "rows=REGION,ACTIVITY&cols=QUARTER&from=2026",
        "rows=OCCUPATION&group=OCCUPATION:Odd ones' work=OC1+OC3&decision=all",
        "rows=&cols=",
    ):
        question, _turned = ask(two_years, address)
        file = tmp_path / "table.parquet"
        file.write_bytes(content_of(client.get(reuse.table_address(question))))
        found = duckdb.sql(reuse.sql(question, str(file))).fetchall()
        mine = {tuple(r[:-4]): tuple(n or 0 for n in r[-4:]) for r in found}
        names = question.table.edition.structure.by_name
        theirs = {}
        for row in question.table.rows:
            codes = tuple(
                _written(names[n], code) if n in question.groupings else code
                for n, code in zip(question.table.by, row.codes, strict=True)
            )
            theirs[codes] = pivot.numbers(row.figures)
        assert {k: v for k, v in theirs.items() if any(v)} == {
            k: v for k, v in mine.items() if any(v)
        }, address


def _written(dimension, code):
    return "others" if code == OTHERS else dimension.label(code, "en")


def test_the_change_on_the_year_before_is_the_difference_of_two_answers(two_years):
    _asked, counts = ask(two_years, "rows=REGION&cols=YEAR")
    _asked, changes = ask(two_years, "rows=REGION&cols=YEAR&measure=change")
    for line, plain in zip(changes.lines, counts.lines, strict=True):
        first, second = map(numbers_of, plain.figures[:2])
        assert {cell.sign for cell in line.cells[:4]} == {pivot.NOT_THERE}
        assert [cell.value for cell in line.cells[4:8]] == [
            after - before for after, before in zip(second, first, strict=True)
        ]
        assert {cell.sign for cell in line.cells[8:]} == {pivot.NO_CHANGE}
    # In rows, and of months that are a part of a year only.
    _asked, in_rows = ask(two_years, "rows=YEAR&from=2026-02&measure=change")
    _asked, then = ask(two_years, "rows=&cols=&from=2025-02&to=2025-03")
    _asked, now = ask(two_years, "rows=&cols=&from=2026-02")
    assert in_rows.lines[1].cells[3].value == (
        now.lines[0].figures[0].total - then.lines[0].figures[0].total
    )


def test_periods_count_back_from_the_last_one_of_the_release(two_years, client):
    spans = {
        "from=-2M": ("2026-02", "2026-03"),
        "from=-1Q": NOW,
        "from=-1Y": NOW,
        "to=-1Y": YEAR_BEFORE,
        "from=-15M&to=-12M": BEFORE,
        "from=-999M": (*YEAR_BEFORE, *NOW),
    }
    for address, periods in spans.items():
        question, _turned = ask(two_years, f"rows=MONTH&{address}")
        assert tuple(question.tabulation.where["TIME_PERIOD"]) == periods, address
        said = client.get(f"{V1}/datasets/WPF/data?by=MONTH&{address}").json()
        assert tuple(said["where"]["TIME_PERIOD"]) == periods, address


def test_a_form_leads_to_an_address_that_can_be_read(client, two_years):
    sent = (
        "dataset=WPF&rows=BROAD_AGE&cols=YEAR&at-period=cols&every=QUARTER&at-broad_age=out"
        "&at-citizenship=rows&from=-2Q&to=&measure=count&heat=1&citizenship=TUR&citizenship=CHN&sort=-F"
    )
    readable = "dataset=WPF&rows=CITIZENSHIP&cols=QUARTER&citizenship=TUR,CHN&from=-2Q&measure=count&sort=-F&heat=1"
    plain = client.get(f"{PAGE}?{sent}")
    assert plain.status_code == 302
    assert plain["Location"] == f"{PAGE}?{readable}"
    lost = client.get(f"{PAGE}?{sent.replace('sort=-F', 'sort=-F.2026')}")  # there are quarters now
    assert lost["Location"] == f"{PAGE}?{readable.replace('&sort=-F', '')}"
    part = client.get(f"{PAGE}?{sent}", headers={"HX-Request": "true"})
    assert part.status_code == 200 and part["HX-Push-Url"] == f"{PAGE}?{readable}"
    assert b"<html" not in part.content and b'id="builder"' in part.content
    assert "HX-Request" in part["Vary"]
    back = client.get(
        f"{PAGE}?{readable}",
        headers={"HX-Request": "true", "HX-History-Restore-Request": "true"},
    )
    assert b"<html" in back.content
    made = client.get(f"{PAGE}?{readable}&make=CITIZENSHIP&called=Two+of+them")
    assert made["Location"] == (
        f"{PAGE}?dataset=WPF&rows=CITIZENSHIP&cols=QUARTER&group=CITIZENSHIP:Two+of+them=TUR+CHN"
        "&from=-2Q&measure=count&sort=-F&heat=1"
    )
    assert "Two of them" in text_of(client.get(made["Location"]))


def test_what_stands_under_a_table_answers_and_names_the_release(client, two_years):
    page = client.get(f"{PAGE}?rows=OCCUPATION&cols=YEAR&measure=women&sort=-FEMALE_SHARE.2026")
    body = unescape(page.content.decode())
    link = re.search(r'id="link"[^>]*value="([^"]+)"', body, re.DOTALL)[1]
    assert "release=WPF-1" in link and "sort=-FEMALE_SHARE.2026" in link
    assert client.get(link).status_code == 200
    assert link in re.search(r"<textarea[^>]*>(.*?)</textarea>", body, re.DOTALL)[1]
    snippets = re.findall(r"<pre[^>]*>(.*?)</pre>", body, re.DOTALL)
    assert len(snippets) == 5  # API, R, Python, SQL, the address for Excel
    for text in snippets:
        (address,) = re.findall(r"http://testserver([^'\"\s]+)", text)
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "WPF-1" in address
    assert json.loads(client.get(snippets[0].removeprefix("http://testserver")).content)["rows"]


def test_pages_of_tables_and_charts_lead_to_the_builder(client, two_years):
    for page, rows in (
        ("/figures/tables/T14/?decision=OTHER", "rows=OCCUPATION,SKILL&decision=OTHER"),
        ("/figures/?decision=OTHER", "rows=REGION&decision=OTHER"),
    ):
        links = re.findall(r'href="(/figures/build/\?[^"]+)"', client.get(page).content.decode())
        links = [unescape(link) for link in links]
        assert any(rows in link for link in links), (page, links)
        for link in links:
            assert client.get(link).status_code == 200, link
    assert f'href="{PAGE}"' in client.get("/figures/tables/").content.decode()


def test_an_older_release_is_built_from_and_the_newer_one_named(client, two_years, accept, publish):
    accept("SMS-WPF", draw("SMS-WPF", ["2026-04"], 150, seed=7))
    publish("WPF")
    page = client.get(f"{PAGE}?rows=MONTH&release=WPF-1")
    assert "A newer one exists: WPF-2." in text_of(page) and "April 2026" not in text_of(page)
    newest = re.search(r'<a href="([^"]+)">Show the newest', page.content.decode())[1]
    assert "April 2026" in text_of(client.get(PAGE + unescape(newest)))


def test_a_page_asks_few_queries_and_an_answer_is_the_same_every_time(
    client, two_years, django_assert_max_num_queries
):
    address = f"{PAGE}?rows=OCCUPATION&cols=YEAR"
    first = client.get(address)
    with django_assert_max_num_queries(45):
        again = client.get(address)
    assert without_form_tokens(first.content) == without_form_tokens(again.content)
