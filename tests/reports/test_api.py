"""The API of released figures: typed, cacheable, and clear where a question cannot be answered."""

import pytest

from reports.api import answers, openapi
from reports.published import caching, editions
from reports.published.structure import SEX
from tests.reports.conftest import MONTHS

V1 = "/figures/api/v1"


def test_datasets_describe_themselves(client, permits):
    (said,) = client.get(f"{V1}/datasets").json()
    assert (said["dataset"], said["release"], said["structure"]["base"]) == ("WPF", "WPF-1", 3)
    assert said == client.get(f"{V1}/datasets/wpf").json()
    names = [d["name"] for d in said["structure"]["dimensions"]]
    assert {"SEX", "TIME_PERIOD", "AGE", "SKILL"} <= set(names)
    (wages,) = (d["amounts"] for d in said["structure"]["dimensions"] if d["name"] == "WAGE")
    assert wages["unit"] == "TMT" and wages["bands"][-1]["below"] is None
    assert client.get(said["data_at"]).status_code == 200
    assert {client.get(address).status_code for address in said["files"].values()} == {200}


@pytest.mark.parametrize(
    ("serializer", "path"),
    [
        (answers.Dataset, "/datasets/WPF"),
        (answers.Data, "/datasets/WPF/data?by=region&limit=2"),
        (answers.Data, "/tables/T14/data"),
        (answers.Data, "/tables/T16/data"),
    ],
)
def test_answers_are_what_the_description_says(client, permits, serializer, path):
    answer = client.get(V1 + path).json()
    fields = serializer().fields
    assert set(answer) <= set(fields)
    assert {name for name, field in fields.items() if field.required} <= set(answer)


def test_filters_and_dimensions(client, permits):
    whole = client.get(f"{V1}/datasets/WPF/data").json()
    by = client.get(f"{V1}/datasets/WPF/data?by=region&quarter=2026-Q1").json()
    assert by["by"] == ["REGION"]
    assert by["where"] == {"TIME_PERIOD": list(MONTHS), "DECISION": ["GRANTED"]}
    january = client.get(f"{V1}/datasets/WPF/data?time_period=2026-01").json()
    rest = client.get(f"{V1}/datasets/WPF/data?from=2026-02").json()
    assert rest["total"]["_T"] + january["total"]["_T"] == whole["total"]["_T"]
    assert by["total"] == whole["total"]
    assert by["rows"][0]["REGION_LABEL"] == "Ashgabat city" or by["rows"][0]["REGION_LABEL"]


def test_pages_follow_one_another_and_miss_nothing(client, permits):
    every = client.get(f"{V1}/datasets/WPF/data?by=region,activity").json()
    found, address = [], f"{V1}/datasets/WPF/data?by=region,activity&limit=2"
    while address:
        page = client.get(address).json()
        assert page["count"] == every["count"] and page["total"] == every["total"]
        found += page["rows"]
        address = page["next"]
    assert found == every["rows"] and len(found) > 4


def test_an_answer_is_json_whatever_a_program_accepts(client, permits):
    for accepted in ("text/html", "text/csv", "*/*", "nonsense"):
        response = client.get(f"{V1}/tables", headers={"Accept": accepted})
        assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_an_answer_without_any_row_is_a_table_of_none(client, permits):
    answer = client.get(f"{V1}/datasets/WPF/data?by=citizenship_group&citizenship=AND").json()
    assert (answer["count"], answer["rows"], answer["next"]) == (0, [], None)
    assert answer["total"]["_T"] == 0


def test_labels_and_notes_in_three_languages(client, permits):
    address = f"{V1}/datasets/WPF/data?by=occupation&lang="
    labels = {lang: client.get(address + lang).json()["rows"][0] for lang in ("en", "ru", "tk")}
    assert len({row["OCCUPATION_LABEL"] for row in labels.values()}) == 3
    assert len({row["OCCUPATION"] for row in labels.values()}) == 1


UNANSWERABLE = {
    "/datasets?citizenship=TUR": "citizenship",
    "/datasets/WPF/data?citizenshp=TUR": "citizenshp",
    "/datasets/WPF/data?citizenship=XX": "citizenship",
    "/datasets/WPF/data?by=shoe": "by",
    "/datasets/WPF/data?sex=F": "sex",
    "/datasets/WPF/data?limit=0": "limit",
    "/datasets/WPF/data?limit=50001": "limit",
    "/datasets/WPF/data?limit=%D9%A3": "limit",
    "/datasets/WPF/data?offset=-1": "offset",
    "/datasets/WPF/data?from=x": "from",
    "/datasets/WPF/data?format=csv": "format",
    "/datasets/WPF/data?by=year,quarter": "by",
    "/datasets/WPF?by=age": "by",
    "/datasets/WPF/releases?limit=1": "limit",
    "/releases/WPF-1/core.parquet?region=TM-S": "region",
    "/tables?format=csv": "format",
    "/datasets/WPF/data?lang=fr": "lang",
    "/tables/T14/data?by=age": "by",
    "/tables/T14/data?page=2": "page",
}
NOT_THERE = [
    *("/datasets/NOPE", "/datasets/NOPE/data", "/datasets/BCR/data"),
    *("/datasets/WPF/data?release=WPF-9", "/datasets/WPF/data?release=x"),
    *("/datasets/WPF/data?release=BCR-1", "/tables/T99/data", "/tables/T08/data"),
    *("/releases/WPF-9/core.parquet", "/releases/x/core.parquet"),
]


def test_a_question_that_cannot_be_answered_names_the_parameter(client, permits):
    for path, parameter in UNANSWERABLE.items():
        response = client.get(V1 + path)
        assert response.status_code == 400, path
        assert response.json()["parameter"] == parameter, path
        assert "Choose from" in response.json()["detail"] or len(response.json()["detail"]) > 30


def test_what_is_not_there_is_404_in_words(client, permits):
    for path in NOT_THERE:
        response = client.get(V1 + path)
        assert response.status_code == 404, path
        assert response.json()["detail"], path


def test_unchanged_answers_cost_a_304_and_may_be_kept(client, permits):
    for path in ("/datasets", "/datasets/WPF/data?by=age", "/releases/WPF-1/core.parquet"):
        first = client.get(V1 + path)
        assert first["Cache-Control"] == f"public, max-age={caching.SECONDS}" or set(
            first["Cache-Control"].split(", ")
        ) == {"public", f"max-age={caching.SECONDS}"}
        again = client.get(V1 + path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again["Access-Control-Allow-Origin"] == "*"
        assert again["ETag"] == first["ETag"]


def test_another_language_is_another_etag(client, permits):
    address = f"{V1}/datasets/WPF/data?by=age"
    tags = {client.get(address, headers={"Accept-Language": lang})["ETag"] for lang in ("en", "ru")}
    assert len(tags) == 2


def test_programs_of_any_origin_may_read_and_nobody_may_write(client, permits):
    address = f"{V1}/datasets/WPF/data"
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head["ETag"] == client.get(address)["ETag"]
    assert client.options(address).status_code == 200
    for method in ("get", "options"):
        response = getattr(client, method)(address, headers={"Origin": "https://elsewhere.example"})
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(address).status_code == 405


def test_an_earlier_release_can_be_cited_for_ever(client, permits, accept, publish):
    from tests.reports.conftest import draw

    before = client.get(f"{V1}/datasets/WPF/data?by=region").json()
    accept("SMS-WPF", draw("SMS-WPF", ["2026-04"], 150, seed=7))
    publish("WPF")
    assert client.get(f"{V1}/datasets/WPF/data?by=region").json()["release"] == "WPF-2"
    assert client.get(f"{V1}/datasets/WPF/data?by=region&release=wpf-1").json() == before
    named = client.get(f"{V1}/datasets/WPF/releases").json()
    assert [one["release"] for one in named] == ["WPF-2", "WPF-1"]


@pytest.fixture
def description(client, permits):
    return client.get("/figures/api/schema/?format=json").json()


def test_the_description_has_types_and_no_free_objects(description):
    for path, methods in description["paths"].items():
        for status, answer in methods["get"]["responses"].items():
            for media, content in answer.get("content", {}).items():
                schema = content["schema"]
                named = schema.get("items", schema)
                assert "$ref" in named or media in (answers.PARQUET, "text/plain"), (path, status)
    data = description["components"]["schemas"]["Data"]["properties"]
    assert data["rows"]["items"]["properties"]["_T"]["type"] == "integer"
    assert data["total"]["properties"]["FEMALE_SHARE"]["nullable"] is True


def test_the_description_names_what_is_released(description):
    whole = description["paths"][f"{V1}/datasets/{{dataset}}"]["get"]
    assert [p["schema"]["enum"] for p in whole["parameters"] if p["name"] == "dataset"] == [["WPF"]]
    assert f"{V1}/datasets/{{dataset}}/data" not in description["paths"]
    get = description["paths"][f"{V1}/datasets/WPF/data"]["get"]
    named = {parameter["name"]: parameter for parameter in get["parameters"]}
    together = [choice["items"]["enum"] for choice in named["by"]["schema"]["anyOf"]]
    assert not any({"OCCUPATION", "REGION"} <= set(names) for names in together)
    assert any({"OCCUPATION", "SKILL", "QUARTER"} <= set(names) for names in together)
    assert "TUR" in named["citizenship"]["schema"]["items"]["enum"]
    assert SEX.lower() not in named
    assert {"400", "404"} <= set(get["responses"])
    assert get["responses"]["200"]["content"]["application/json"]["examples"]


def test_the_example_of_the_description_keeps_the_rules(description):
    (example,) = openapi.EXAMPLES
    for row in example.value["rows"]:
        assert row["F"] + row["M"] + row["_OU"] == row["_T"]
        assert not any(row[name] % example.value["base"] for name in ("F", "M", "_OU"))


def test_what_readers_see_is_read_as_the_public_role(permits):
    from django.db import connection

    with editions.public_role(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("migdata_public",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("migdata_app",)
