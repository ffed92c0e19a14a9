"""A file as it lies on a clerk's disk: what she is asked the first time, and that nothing is asked the second."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from agencies import scope
from records.models import Record
from tests import world
from tests.records.files import WPF, table, xlsx

pytestmark = pytest.mark.slow
SHOTS = os.environ.get("SHOTS")  # where to put pictures, for a person to look at
TITLE = ["", "Daşary ýurt raýatlarynyň sanawy"]
HEAD = [
    *("", "№", "Familiýasy, ady", "Doglan senesi we ýeri", "Jynsy", "Raýatlygy"),
    *("Pasport belgisi we möhleti", "Bilimi we okan ýeri", "Wezipesi", "Delo"),
    *("Çözgüt", "Çözgüdiň senesi", "Işiniň görnüşi", "Iş berijiniň görnüşi"),
    *("Başlanýan senesi", "Gutarýan senesi", "Türkmenistandaky salgysy"),
]
PEOPLE = [
    ("Annaýewa Jeren", "22.06.1981, Türkiýe/İskenderun", "1", "TUR"),
    ("Orazow Myrat", "04.11.1994, Özbegistan", "2", "UZB"),
    ("Meredowa Aýna", "30.01.1990, Russiýa", "1", "RUS"),
    ("Berdiýew Serdar", "1977, Eýran", "2", "IRN"),
]


def sanaw(month):
    """A list of foreign workers as agencies keep it: an empty column, a title, headers in row 4, a signature."""
    rows = [
        [
            *(
                "",
                str(k),
                name,
                birth,
                sex,
                country,
                f"U{month}23456{k}, 01.01.2030",
                "Ýokary, Ankara",
            ),
            *("71", f"D-{month}-{k}", "ISS", f"0{k}.0{month}.2026", "F", "PRIV_NAT"),
            *(f"0{k}.0{month}.2026", f"0{k}.0{month}.2027", f"Balkan wel. Garagum köçe {k}"),
        ]
        for k, (name, birth, sex, country) in enumerate(PEOPLE, start=1)
    ]
    return xlsx(Sanaw=[[], TITLE, [], HEAD, *rows, [], ["", "Müdiri", "", "", "", "A. Amanow"]])


def send(page, path):
    page.goto("/uploads/new")
    page.get_by_label("Instrument").select_option("SMS/SMS-WPF")
    page.locator("#id_file").set_input_files(str(path))
    page.get_by_role("button", name="Send the file").click()
    page.wait_for_url(re.compile(r"/uploads/\d+/$"))
    expect(page.locator("#progress")).to_have_count(0, timeout=60_000)


def shoot(page, name):
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_a_workbook_as_agencies_keep_it_is_asked_about_once(country, visit, worker, tmp_path):
    worker()
    page = visit("clerk@sms.example").page
    first, second = tmp_path / "mart.xlsx", tmp_path / "aprel.xlsx"
    first.write_bytes(sanaw(3))
    second.write_bytes(sanaw(4))
    send(page, first)
    questions = page.locator("fieldset.ask")
    shoot(page, "mapping-1440")
    assert [q.get_attribute("id") for q in questions.all()] == [
        "q-columns:record_ref",
        "q-sex_codes",
    ]
    assert page.locator("td.never").count() > 0
    page.get_by_label("J: Delo").check()
    page.get_by_role("combobox", name="1").select_option("F")
    page.get_by_role("combobox", name="2").select_option("M")
    page.get_by_role("button", name="Go on with these answers").click()
    expect(page.locator("h1")).to_contain_text("4 rows are good", timeout=60_000)
    shoot(page, "taken-in-1440")
    send(page, second)
    expect(page.locator("h1")).to_contain_text("4 rows are good", timeout=60_000)
    expect(page.get_by_text("Read as an earlier file with the same headers.")).to_be_visible()
    with scope.acting(world.person("clerk@sms.example")):
        refs = Record.objects.filter(record_ref__startswith="D-").values_list("record_ref", "sex")
        sexes = [sex for _ref, sex in refs.order_by("record_ref")]
    assert sexes == ["F", "M", "F", "M"] * 2
    page.goto("/layouts/")
    shoot(page, "layouts-1440")
    expect(page.get_by_text("Sex: 1 = F, 2 = M")).to_be_visible()


def test_any_column_is_changed_by_keyboard_alone(country, visit, worker, tmp_path):
    worker()
    page = visit("clerk@sms.example").page
    head, *rows = table(3, base=WPF)
    names = {"citizenship": "Herkunft", "decision": "Outcome"}
    path = tmp_path / "list.csv"
    lines = [[names.get(name, name) for name in head], *rows]
    path.write_text("\n".join(",".join(row) for row in lines))
    send(page, path)
    line = page.locator("#column-E")
    line.get_by_role("link").focus()
    page.keyboard.press("Enter")
    choice = line.get_by_role("combobox")
    expect(choice).to_be_focused()
    page.keyboard.type("Citizenship")
    expect(choice).to_have_value("citizenship")
    shoot(page, "change-1440")
    decision = page.get_by_role("group", name="Which column holds “Decision”?")
    decision.get_by_label("no column: it is the same for all rows").check()
    decision.get_by_label("Decision in all rows").select_option("ISS")
    page.get_by_role("button", name="Go on with these answers").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("3 rows are good", timeout=60_000)
