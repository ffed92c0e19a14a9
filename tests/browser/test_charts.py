"""Charts as a reader sees them: nothing clipped, nothing on top of something else, in the page's letters."""

import itertools
import re
from datetime import UTC, datetime
from functools import partial

import pytest
from django.conf import settings
from django.utils import translation

from reports.charts import drawing
from reports.charts.drawing import COLOURS, WIDTHS, Canvas
from reports.charts.findings import span_of_periods
from reports.charts.flows import flows
from reports.charts.heat import heat
from reports.charts.kinds import kinds_of
from reports.charts.panels import panels
from reports.charts.pyramid import pyramid
from reports.charts.share_trend import share_trend
from reports.charts.tiles import tile_map
from reports.charts.trend import trend
from reports.charts.year_before import Earlier
from reports.designs import datasets
from reports.published.editions import Edition
from reports.published.figures import MISSING, NORMAL, Row, Table
from reports.published.structure import Dimension, Item
from standards.periods import periods_between
from standards.sex import Figures

pytestmark = pytest.mark.slow
LANGUAGES = ("en", "ru", "tk")
# The bounds of every text, of the dots, and of the picture, in pixels of the page.
MEASURED = """() => [...document.querySelectorAll("svg")].map((svg) => {
  const box = (e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
  return {
    picture: box(svg),
    texts: [...svg.querySelectorAll("text")].filter(t => t.textContent).map(t => [t.textContent, ...box(t)]),
    dots: [...svg.querySelectorAll(".mark-symbol path")].map(box),
    faces: [...new Set([...svg.querySelectorAll("text")].map(t => getComputedStyle(t).fontFamily))],
  };
})"""


def dimension(name, labels=()):
    items = (Item(code, dict(zip(LANGUAGES, names, strict=True))) for code, names in labels)
    return Dimension(name, {}, tuple(items))


def rows(*counted):
    return [Row((code,), Figures(women, men, 3, 3)) for code, women, men in counted]


AGES = dimension(
    "AGE",
    [
        ("Y0T14", ("0–14", "0–14", "0–14")),
        ("Y25T34", ("25–34", "25–34", "25–34")),
        ("Y_GE65", ("65 and over", "65 и старше", "65 ýaş we uly")),
    ],
)
CITIZENSHIPS = dimension(
    "CITIZENSHIP",
    [
        ("TKM", ("Turkmenistan", "Туркменистан", "Türkmenistan")),
        ("AFG", ("Afghanistan", "Афганистан", "Owganystan")),
        ("OTH", ("Other countries", "Другие страны", "Beýleki ýurtlar")),
    ],
)
LONG = dimension(
    "CITIZENSHIP",
    [
        (
            "ARE",
            ("United Arab Emirates", "Объединённые Арабские Эмираты", "Birleşen Arap Emirlikleri"),
        ),
        ("OTH", ("Other countries", "Другие страны", "Beýleki ýurtlar")),
    ],
)
WORDY = dimension(
    "OCCUPATION",
    [
        ("OC9", ("Elementary occupations", "Неквалифицированные рабочие", "Hünärsiz işçiler")),
        ("OC5", ("Sales workers", "Работники торговли", "Söwda işgärleri")),
    ],
)
REGIONS = dimension(
    "REGION",
    [
        ("TM-S", ("Ashgabat city", "город Ашхабад", "Aşgabat şäheri")),
        ("TM-D", ("Dashoguz", "Дашогузский велаят", "Daşoguz welaýaty")),
        ("TM-_U", ("Not stated", "Не указано", "Görkezilmedik")),
    ],
)
TIME = dimension("TIME_PERIOD")
MONTHS = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)]
PERIODS = {
    "M": periods_between("2024-11", "2026-10"),
    "Q": periods_between("2024-Q1", "2026-Q4"),
    "A": periods_between("2021", "2026"),
    "A/--09-01": periods_between("2021-A1", "2026-A1"),
}
QUARTERS = [f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in (1, 2, 3, 4)]
DIRECTIONS = dimension(
    "FLOW",
    [
        ("IN", ("Arrival from abroad", "Прибытие из-за рубежа", "Daşary ýurtdan geliş")),
        ("OUT", ("Departure abroad", "Выбытие за рубеж", "Daşary ýurda gidiş")),
    ],
)


def before(periods, counted):
    """The figures of the year before: of these periods, by the codes of the later figures."""
    earlier = {row.codes[0]: row for row in counted}
    return Earlier(None, span_of_periods(periods, Figures(0, 0, 0, 3)), earlier, True)


def year(women, men, step):
    return rows(*((month, women + step * k, men + step * k) for k, month in enumerate(MONTHS[12:])))


def over_time(*counted, missing=()):
    """Rows of each code in each quarter; of a missing one a part is there, of the last one nothing."""
    return [
        Row(
            (code, quarter),
            Figures(0, 0, 0, 3) if quarter in missing[-1:] else Figures(women + 3 * k, men, 3, 3),
            MISSING if quarter in missing else NORMAL,
        )
        for code, women, men in counted
        for k, quarter in enumerate(QUARTERS)
    ]


LAST_YEAR = MONTHS[:9]  # with names as long as they come: January 2025 to September 2025
CHARTS = {
    "months": (trend, TIME, rows(*((m, 60 + k, 240 + 9 * k) for k, m in enumerate(MONTHS)))),
    "lines that end close together": (
        trend,
        TIME,
        rows(*((q, 500 + 43 * k, 540 + 37 * k) for k, q in enumerate(QUARTERS))),
    ),
    "lines that end at the same": (trend, TIME, rows(*((q, 804, 804) for q in QUARTERS))),
    "lines that end at nothing": (
        trend,
        TIME,
        rows(("2025-Q1", 1_500_000, 900), ("2025-Q2", 0, 0)),
    ),
    "ages": (
        pyramid,
        AGES,
        rows(("Y0T14", 300, 510), ("Y25T34", 4200, 3900), ("Y_GE65", 3, 90)),
    ),
    "very many of one age": (
        pyramid,
        AGES,
        rows(("Y0T14", 300, 510), ("Y25T34", 99, 38000)),
    ),
    "citizenships": (
        drawing.bars,
        CITIZENSHIPS,
        rows(("TKM", 2787, 2634), ("AFG", 12, 9), ("OTH", 384, 480)),
    ),
    "long names": (drawing.bars, LONG, rows(("ARE", 12787, 634), ("OTH", 384, 480))),
    "regions": (
        drawing.shares,
        REGIONS,
        rows(("TM-S", 250, 800), ("TM-D", 180, 800), ("TM-_U", 60, 200)),
    ),
    "months beside those of the year before": (
        partial(trend, before=before(LAST_YEAR, year(80, 300, 7))),
        TIME,
        year(90, 330, 9),
    ),
    "shares beside those of the year before": (
        partial(share_trend, before=before(LAST_YEAR, year(800, 900, 7))),
        TIME,
        year(810, 900, 9),
    ),
    "shares over two years": (
        share_trend,
        TIME,
        rows(*((m, 200 + k, 240 + 9 * k) for k, m in enumerate(MONTHS))),
    ),
    "ages beside those of the year before": (
        partial(
            pyramid,
            before=before(LAST_YEAR, rows(("Y0T14", 330, 480), ("Y25T34", 4500, 39))),
        ),
        AGES,
        rows(("Y0T14", 300, 510), ("Y25T34", 4200, 3900), ("Y_GE65", 3, 90)),
    ),
    "a map": (
        tile_map,
        REGIONS,
        rows(("TM-S", 12250, 34800), ("TM-D", 180, 800), ("TM-_U", 60, 200)),
    ),
    "a map of nowhere": (tile_map, REGIONS, rows(("TM-_U", 60, 200))),
    "what comes in and goes out": (
        partial(flows, direction=DIRECTIONS),
        REGIONS,
        [
            Row((region, way), Figures(women, men, 0, 3))
            for region, way, women, men in (
                ("TM-S", "IN", 12250, 34800),
                ("TM-S", "OUT", 9990, 3),
                ("TM-D", "IN", 60, 0),
            )
        ],
    ),
    "small panels over time": (
        panels,
        CITIZENSHIPS,
        over_time(("TKM", 12787, 12790), ("AFG", 60, 180), ("OTH", 0, 3)),
    ),
    "small panels with a word longer than a panel": (
        panels,
        WORDY,
        over_time(("OC9", 90, 12790), ("OC5", 60, 180)),
    ),
    "small panels with long names, and what is missing": (
        panels,
        LONG,
        over_time(("ARE", 12787, 3), ("OTH", 384, 480), missing=("2025-Q1", "2025-Q2", "2026-Q4")),
    ),
    "from where to where": (
        partial(heat, destination=REGIONS),
        CITIZENSHIPS,
        [
            Row((origin, region), Figures(women, men, 0, 3))
            for origin, region, women, men in (
                ("TKM", "TM-S", 12250, 34800),
                ("TKM", "TM-_U", 9990, 3),
                ("AFG", "TM-S", 60, 0),
                ("OTH", "TM-D", 180, 900),
            )
        ],
    ),
    "from where to where with long names": (
        partial(heat, destination=CITIZENSHIPS),
        LONG,
        [
            Row((origin, destination), Figures(1_500_000, men, 0, 3))
            for origin, destination, men in (
                ("ARE", "TKM", 1_500_000),
                ("ARE", "AFG", 3),
                ("OTH", "TKM", 60),
            )
        ],
    ),
    "regions from none to all": (
        drawing.shares,
        REGIONS,
        rows(("TM-S", 900, 0), ("TM-D", 0, 800), ("TM-_U", 200, 200)),
    ),
}


@pytest.fixture(scope="module")
def page(chromium):
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture
def drawn(page):
    def draw(name, language, width):
        chart, by, figures = CHARTS[name]
        with translation.override(language):
            canvas = Canvas(WIDTHS[width], COLOURS["light"], language)
            svg = drawing.draw(chart(figures, by, canvas), canvas)
        page.set_content(f"<body>{svg.decode()}</body>")
        (found,) = page.evaluate(MEASURED)
        return found

    return draw


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CHARTS)
def test_no_text_is_clipped_and_none_lies_on_another(drawn, name, language, width):
    found = drawn(name, language, width)
    assert faults(found) == []


def faults(found):
    """Texts that are cut off, by the edge of the picture or with an ellipsis, and pairs that lie on each other."""
    left, top, right, bottom = found["picture"]
    cut = [
        text
        for text, *box in found["texts"]
        if box[0] < left or box[1] < top or box[2] > right or box[3] > bottom or "…" in text
    ]
    return cut + [
        (one[0], two[0])
        for one, two in itertools.combinations(found["texts"], 2)
        # The box of a text is a little taller than its letters.
        if one[1] < two[3] and two[1] < one[3] and one[2] + 2 < two[4] and two[2] + 2 < one[4]
    ]


def longest(items, language):
    """Of a long list such as countries, those with the longest names."""
    if len(items) < 50:
        return items
    return sorted(items, key=lambda item: -len(item.labels[language]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_of_every_dataset_has_room_for_its_own_names(page, language):
    """All codes that a dataset declares, drawn at once, with figures of very different sizes."""
    asked, pictures = [], []
    now = datetime(2026, 3, 1, tzinfo=UTC)
    for code, design in datasets.datasets().items():
        structure = design.structure(PERIODS[design.frequency])
        edition = Edition(0, code, 1, structure, (), "", now)
        for name, kind in kinds_of(structure).items():
            of = [longest(structure.by_name[by].items, language) for by in kind.by]
            if kind.in_detail:
                of = [items[:9] for items in of]
            most = 81 if kind.in_detail else 30
            counted = [
                Row(
                    tuple(item.code for item in items),
                    Figures(300 + 2 ** (k % 30), 30 + 3 * k * k, 3, 3),
                )
                for k, items in enumerate(itertools.islice(itertools.product(*of), most))
            ]
            table = kind.ordered(Table(edition, tuple(kind.by), counted))
            for width in WIDTHS:
                canvas = Canvas(WIDTHS[width], COLOURS["light"], language)
                with translation.override(language):
                    pictures.append(drawing.draw(kind.spec(table, canvas), canvas).decode())
                asked.append((code, name, width))
    page.set_content("<body>" + "<br>".join(pictures) + "</body>")
    found = dict(zip(asked, map(faults, page.evaluate(MEASURED)), strict=True))
    assert len(found) > 40 and {chart: wrong for chart, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_chart_is_as_wide_as_its_canvas(drawn, width):
    for name in CHARTS:
        left, _top, right, _bottom = drawn(name, "ru", width)["picture"]
        assert right - left == WIDTHS[width], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dots_of_regions_use_the_axis(drawn, language):
    """With shares between 18% and 24% the largest is drawn in the middle, not in the first quarter."""
    found = drawn("regions", language, "large")
    zero = next(box for text, *box in found["texts"] if re.fullmatch(r"0\s?%", text))
    begin, end = (zero[0] + zero[2]) / 2, found["picture"][2]
    furthest = max(box[2] for box in found["dots"])
    assert (furthest - begin) / (end - begin) > 0.4


def test_a_chart_uses_the_letters_of_the_page(drawn):
    tokens = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text()
    stack = re.search(r"--sans: (.+);", tokens)[1]
    assert drawn("regions", "en", "large")["faces"] == [stack]
