"""Requests that no page should ever see, and what goes on when the broker is gone."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cast import PASSWORD

MULTIPART = "multipart/form-data; boundary=x"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/figures/?region=%00", "/figures/%00/", "/figures/api/v1/datasets/BCR/data?release=%00-1"],
)
def test_an_address_with_a_nul_is_refused_in_words(client, address):
    response = client.get(address)
    assert response.status_code == 400
    assert b"character" in response.content


def test_a_field_with_a_nul_is_refused_in_words(client, clerk, instruments):
    client.force_login(clerk)
    response = client.post("/records/new/SMS-WPF/SMS/", {"record_ref": "A\x00B"})
    assert response.status_code == 400


def test_the_file_of_a_stranger_is_not_even_received(client, db):
    file = SimpleUploadedFile("a.csv", b"x" * 2_000_000)
    assert client.post("/uploads/new", {"file": file}).status_code == 403


def test_a_file_over_the_limit_is_refused_before_it_is_received(client, clerk, settings):
    client.force_login(clerk)
    response = client.post(
        "/uploads/new", b"x", content_type=MULTIPART, CONTENT_LENGTH=str(settings.UPLOAD_LIMIT * 2)
    )
    assert response.status_code == 413


def test_a_file_of_unknown_length_is_refused(client, clerk):
    client.force_login(clerk)
    response = client.post("/uploads/new", b"x", content_type=MULTIPART, CONTENT_LENGTH="²")
    assert response.status_code == 413


def test_people_sign_in_while_the_broker_is_gone(client, clerk, settings):
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    client.post("/accounts/login/", {"login": clerk.email, "password": PASSWORD})
    assert client.get("/").status_code == 200
    assert client.get("/figures/").status_code == 200
    assert client.get("/healthz").json()["broker"] != "ok"


def test_wrong_passwords_are_counted_even_though_their_requests_are_refused(client, clerk):
    wrong = {"login": clerk.email, "password": "wrong"}
    answers = [client.post("/accounts/login/", wrong).content for _try in range(8)]
    assert b"Too many wrong passwords" in answers[-1]


def test_the_api_asks_for_no_password_and_tells_nothing_about_one(client, clerk):
    import base64

    said = []
    for password in ("wrong", PASSWORD):
        token = base64.b64encode(f"{clerk.email}:{password}".encode()).decode()
        said.append(
            client.get(
                "/figures/api/schema/", headers={"Authorization": f"Basic {token}"}
            ).status_code
        )
    assert said == [200, 200]
