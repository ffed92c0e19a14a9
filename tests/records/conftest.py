import pytest

from agencies import scope
from agencies.roles import Role
from records.collection import in_json, uploads
from records.instruments.spec import Spec
from records.models import Instrument, InstrumentVersion, Record
from standards import codelists
from tests.cast import make_person
from tests.records import files, lists
from tests.records.tables import DATA, form_of, of_several


@pytest.fixture
def send(instruments, agency, clerk):
    """Take a file in as the clerk; returns the upload."""

    def take_in(content, instrument="SMS-WPF", **options):
        return files.send(
            content, by=clerk, agency=agency, instrument=instruments[instrument], **options
        )

    return take_in


@pytest.fixture
def report(send, clerk):
    """Take a file in; returns what the command line would print of it."""

    def take_in(content, *args, **options):
        upload = send(content, *args, **options)
        with scope.acting(clerk):
            return in_json.status(upload, clerk)

    return take_in


@pytest.fixture
def permits(instruments):
    return instruments["SMS-WPF"]


@pytest.fixture
def where(agency, permits, clerk):
    return {"agency": agency, "instrument": permits, "by": clerk}


@pytest.fixture
def colleague(agency):
    return make_person("second.clerk@sms.example", Role.CLERK, agency)


@pytest.fixture
def form(db, agency, instruments):
    """Give the agency a form of counts of a few variables; returns the instrument."""

    def give(code, *cells, **changes):
        spec = form_of(code, *cells, **changes)
        instrument = Instrument.objects.get(code=spec.code)
        content = {**spec.raw, "version": 99}
        digest = Spec.from_content(content).digest
        InstrumentVersion.objects.create(
            instrument=instrument, number=99, digest=digest, content=content
        )
        instrument.agencies.add(agency)
        return instrument

    return give


@pytest.fixture
def take_in(agency, clerk):
    """Send a file, and confirm the picture of its shape; returns the upload."""

    def send(name, instrument, **answers):
        content = name if isinstance(name, bytes) else (DATA / name).read_bytes()
        with_sheet = {k: v for k, v in answers.items() if k != "repeated_cells"}
        where = {"by": clerk, "agency": agency, "instrument": instrument}
        upload = files.send(content, answers=with_sheet, **where)
        questions = {q["id"]: q for q in upload.report["questions"]}
        assert "shape" in questions, (upload.state, upload.reason, questions)
        assert not Record.objects.filter(upload=upload).exists()
        shape = questions["shape"]["choices"][0]["value"]
        with scope.acting(clerk):
            uploads.read(upload, by=clerk, answers={**answers, "shape": shape})
        return files.finish(upload, by=clerk)

    return send


@pytest.fixture
def names_of_countries(statistician):
    """Let the code list know names that it does not have, each of a code of its own, as the statistics office would."""

    def know(names):
        names = sorted({str(name).strip() for name in names} - set(of_several(names)))
        matches = codelists.load("countries").match(names)
        taken = {match.code for match in matches}
        free = (c.code for c in codelists.load("countries").in_use if c.code not in taken)
        free = (code for code in free if code.isalpha() and not code.startswith("X"))
        unknown = [name for name, match in zip(names, matches, strict=True) if not match.code]
        contents = {
            code: lists.of(code, "countries", aliases=[name])
            for name, code in zip(unknown, free, strict=False)
        }
        lists.save(contents, statistician, name="countries")
        assert all(match.code for match in codelists.load("countries").match(names))

    return know
