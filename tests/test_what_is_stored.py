"""What browsers and caches may store of an answer, and which methods are answered at all."""

import pytest
from django.test import Client

from tests.cast import signed_in

PUBLIC = ("/figures/", "/figures/tables/", "/figures/method/", "/figures/api/v1/datasets")
PRIVATE = ("/", "/submissions/", "/submissions/{submission}/", "/uploads/", "/uploads/{upload}/")
FORMS = ("/accounts/login/", "/accounts/password/reset/", "/healthz")


def stored(response):
    """Whether a cache may keep the answer."""
    return response.get("Cache-Control") != "no-store"


@pytest.mark.parametrize("path", PRIVATE)
def test_private_pages_are_not_stored(path, one_of_each, clerk):
    ids = {kind: row.pk for kind, row in one_of_each.items()}
    response = signed_in(clerk).get(path.format(**ids))
    assert response.status_code == 200
    assert not stored(response)


@pytest.mark.parametrize("path", FORMS)
def test_forms_of_signing_in_are_not_stored(path, db):
    assert not stored(Client().get(path))


@pytest.mark.parametrize("path", PUBLIC)
def test_public_figures_are_stored_for_those_who_have_not_signed_in(path, db, clerk):
    theirs = Client().get(path)
    assert stored(theirs)
    assert not theirs.cookies or theirs["Cache-Control"] == "private"
    hers = signed_in(clerk).get(path)
    assert hers.status_code == 200
    assert not stored(hers)


def test_a_fragment_and_a_download_for_somebody_signed_in_are_not_stored(one_of_each, clerk):
    browser = signed_in(clerk)
    progress = f"/uploads/{one_of_each['upload'].pk}/progress"
    assert not stored(browser.get(progress, headers={"HX-Request": "true"}))
    assert not stored(browser.get("/instruments/SMS-WPF/template.csv"))


def test_the_same_address_answers_two_agencies_each_for_itself(one_of_each, clerk, outsider):
    """A cache in between has nothing to give to the second that the first has asked for."""
    path = f"/submissions/{one_of_each['submission'].pk}/"
    first, second = signed_in(clerk).get(path), signed_in(outsider).get(path)
    assert (first.status_code, second.status_code) == (200, 404)
    for response in (first, second, signed_in(clerk).get(f"{path}x.css")):
        assert not stored(response)
        assert "Cookie" in response["Vary"]


def test_a_private_page_with_the_ending_of_a_style_sheet_does_not_exist(one_of_each, clerk):
    path = f"/submissions/{one_of_each['submission'].pk}/"
    for trick in (f"{path}x.css", f"{path};x.css", f"{path}%2Fx.css"):
        assert signed_in(clerk).get(trick).status_code == 404


def test_a_refusal_is_not_stored(db, viewer):
    assert not stored(Client().get("/figures/tables/nothing/"))
    assert not stored(signed_in(viewer).get("/submissions/"))


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/figures/", "/accounts/login/", "/figures/api/v1/datasets"])
def test_methods_that_no_page_has_are_refused(method, path, clerk):
    for browser in (Client(), signed_in(clerk)):
        response = browser.generic(method, path, headers={"Cookie-Canary": "zxq"})
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD, POST, OPTIONS"
        assert not stored(response)
        assert b"zxq" not in response.content


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_make_one_method_another(header, one_of_each, clerk):
    path = f"/submissions/{one_of_each['submission'].pk}/submit/"
    response = signed_in(clerk).get(path, headers={header: "POST"})
    assert response.status_code == 405
    assert one_of_each["submission"].__class__.objects.filter(state="SUBMITTED").count() == 0


def test_no_file_of_the_private_place_has_an_address(db, settings, clerk):
    for folder in ("incoming", "slices"):
        file = settings.PRIVATE_ROOT / folder / "zxq"
        file.parent.mkdir(parents=True)
        file.write_text("zxq-canary")
        places = (str(file), f"/media/{folder}/zxq", f"/private/{folder}/zxq", f"/{folder}/zxq")
        tricks = (f"/static/../private/{folder}/zxq", f"/static/%2e%2e/private/{folder}/zxq")
        for path in (*places, *tricks, f"/static/{file}"):
            for browser in (Client(), signed_in(clerk)):
                response = browser.get(path)
                assert response.status_code in (302, 404), path
                assert b"zxq-canary" not in response.getvalue()
