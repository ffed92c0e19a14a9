"""Letters on releases: who gets which, when, in which language, and how one ends them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from agencies import scope
from records.models import Notice
from records.review import inbox
from reports.models import Build, Release, Subscription
from reports.published import seals
from reports.releases import subscriptions, verbs
from tests.cast import events, signed_in
from tests.reports.conftest import LATER, as_owner, draw
from tests.reports.test_public_releases import withdraw

CHOOSE = "/subscriptions/"
SITE = "http://testserver/"


@pytest.fixture
def later(permits, accept, publish):
    """A release of one month more is built and waits; what is out already is announced."""
    accept("SMS-WPF", draw("SMS-WPF", LATER, 240, seed=5))
    subscriptions.announce()
    return publish("WPF", release=False)


def subscribe(person, *datasets):
    return signed_in(person).post(CHOOSE, {"dataset": datasets})


def release(built, publisher, **said):
    with scope.acting(publisher):
        verbs.release(
            *(built,),
            by=publisher,
            note="April is new.",
            missing_acknowledged=built.missing_text,
            **said,
        )


def link_in(letter):
    return letter.extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")


def test_a_person_chooses_datasets_and_sees_what_she_chose(clerk, db):
    response = subscribe(clerk, "WPF", "BCR")
    assert (response.status_code, response["Location"]) == (302, CHOOSE)
    html = signed_in(clerk).get(CHOOSE).content.decode()
    assert re.findall(r'value="(\w+)" checked', html) == ["BCR", "WPF"]
    subscribe(clerk, "SLP")
    assert [s.dataset for s in Subscription.objects.filter(person=clerk)] == ["SLP"]
    subscribe(clerk)
    assert not Subscription.objects.exists()
    assert len(events("subscribe")) == 3


@pytest.mark.parametrize("wrong", ["NOPE", "wpf", "", "W" * 500, "'; DROP TABLE"])
def test_a_dataset_that_does_not_exist_is_refused_and_nothing_is_changed(clerk, db, wrong):
    subscribe(clerk, "BCR")
    response = subscribe(clerk, "WPF", wrong)
    assert response.status_code == 422 and b"There is no dataset" in response.content
    assert [s.dataset for s in Subscription.objects.all()] == ["BCR"]


def test_visitors_have_no_subscriptions(client, db):
    assert client.get(CHOOSE)["Location"].startswith("/accounts/login/")


def test_who_subscribed_gets_one_letter_of_a_release_in_her_language(
    later, publisher, clerk, reviewer
):
    for person, language in ((clerk, "ru"), (reviewer, "en")):
        person.language = language
        person.save()
    subscribe(clerk, "WPF", "BCR")
    subscribe(reviewer, "BCR")  # of another dataset
    release(later, publisher)
    assert subscriptions.announce() == 1
    (letter,) = mail.outbox
    assert letter.to == [clerk.email]
    assert "WPF-2" in letter.subject and "Разрешения на работу иностранцам" in letter.subject
    assert "April is new." in letter.body
    assert f"{SITE}figures/releases/WPF-2/" in letter.body
    assert subscriptions.announce() == 0 and len(mail.outbox) == 1


def test_a_withdrawal_is_told_with_its_reason_once(later, publisher, clerk):
    subscribe(clerk, "WPF")
    release(later, publisher)
    subscriptions.announce()
    withdraw(later, publisher, "A region was wrong.")
    assert [subscriptions.announce(), subscriptions.announce()] == [1, 0]
    letter = mail.outbox[-1]
    assert letter.subject == "WPF-2 is withdrawn: Work permits for foreigners"
    assert "A region was wrong." in letter.body


def test_a_letter_waits_for_the_end_of_the_embargo(later, publisher, clerk):
    subscribe(clerk, "WPF")
    release(later, publisher, embargo_at=timezone.now() + timedelta(hours=1))
    assert subscriptions.announce() == 0 and not mail.outbox
    # The embargo ends; the release is otherwise as it was.
    with as_owner():
        now = timezone.now() - timedelta(hours=1)
        Release.objects.filter(pk=later.pk).update(embargo_at=now, released_at=now)
    assert subscriptions.announce() == 1 and len(mail.outbox) == 1


def test_of_what_was_withdrawn_before_it_was_out_nobody_hears(later, publisher, clerk):
    subscribe(clerk, "WPF")
    release(later, publisher, embargo_at=timezone.now() + timedelta(hours=1))
    withdraw(later, publisher)
    assert subscriptions.announce() == 0 and not mail.outbox
    assert not Build.objects.filter(subscriptions.GONE).exists()


def test_a_release_that_is_withheld_is_announced_when_it_is_sound_again(later, publisher, clerk):
    subscribe(clerk, "WPF")
    release(later, publisher)
    sound = Release.objects.get(pk=later.pk).seal
    assert seals.fault_of(Release.objects.get(pk=later.pk)) is None
    for seal, letters in (("wrong", 0), (sound, 1)):
        with as_owner():
            Release.objects.filter(pk=later.pk).update(seal=seal)
        assert subscriptions.announce() == letters


def test_who_may_no_longer_sign_in_and_who_subscribes_later_get_none(
    later, publisher, clerk, reviewer
):
    subscribe(clerk, "WPF")
    clerk.is_active = False
    clerk.save()
    release(later, publisher)
    assert subscriptions.announce() == 0
    subscribe(reviewer, "WPF")
    assert subscriptions.announce() == 0 and not mail.outbox


def test_beat_has_it_done(later, publisher, clerk, settings):
    from reports import tasks

    subscribe(clerk, "WPF")
    release(later, publisher)
    assert tasks.announce.name in {e["task"] for e in settings.CELERY_BEAT_SCHEDULE.values()}
    tasks.announce()
    assert len(mail.outbox) == 1


# Leaving


@pytest.fixture
def link(later, publisher, clerk):
    """The link of a letter, as its reader has it."""
    subscribe(clerk, "WPF", "BCR")
    release(later, publisher)
    subscriptions.announce()
    (letter,) = mail.outbox
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link_in(letter) in letter.body
    return link_in(letter)


def left(person):
    return sorted(s.dataset for s in Subscription.objects.filter(person=person))


def test_a_mail_program_unsubscribes_with_one_click(link, clerk):
    program = Client(enforce_csrf_checks=True)
    body = {"List-Unsubscribe": "One-Click"}
    assert program.post(link, body).status_code == 200
    assert left(clerk) == ["BCR"] and len(events("unsubscribe")) == 1
    again = program.post(link, body)
    assert again.status_code == 200 and b"You get no more letters" in again.content
    assert left(clerk) == ["BCR"] and len(events("unsubscribe")) == 1


def test_opening_the_link_changes_nothing_and_is_not_stored(link, clerk):
    response = Client().get(link)
    assert b"Unsubscribe" in response.content and "no-store" in response["Cache-Control"]
    assert left(clerk) == ["BCR", "WPF"]


def test_the_link_works_on_a_shared_site_too(link, clerk, settings):
    settings.FIGURES_ARE_PUBLIC = False
    assert Client().post(link).status_code == 200
    assert left(clerk) == ["BCR"]


def test_a_forged_link_ends_nothing(link, clerk):
    token = link.removeprefix("/subscriptions/end/").rstrip("/")
    number, signature = token.split(":")
    pk = int(number.split(".")[0])
    forged = (f"{pk + 1}.BCR:{signature}", f"{number}:{signature[:-1]}", number, "x", f"{token}x")
    for text in forged:
        response = Client().post(f"/subscriptions/end/{text}/")
        assert response.status_code == 404, text
    assert left(clerk) == ["BCR", "WPF"]


def test_an_old_link_does_not_end_a_new_subscription(link, clerk):
    Client().post(link)
    subscribe(clerk, "WPF")
    Client().post(link)
    assert left(clerk) == ["WPF"]


def test_an_agency_is_told_in_which_release_its_newest_period_came_out(
    later, publisher, clerk, outsider
):
    release(later, publisher)
    assert subscriptions.announce() == 0  # nobody subscribed; the agency is told all the same
    subscriptions.announce()
    with scope.acting(clerk):
        told = [inbox.words(n) for n in inbox.notices(clerk).filter(kind=Notice.Kind.PUBLISHED)]
    assert [text for text in told if "WPF-2" in text] == [
        "Work permits for foreigners, April 2026, is published in WPF-2; earlier periods changed: 0"
    ]
    with scope.acting(outsider):
        assert not inbox.notices(outsider).exists()
    html = signed_in(clerk).get("/").content.decode()
    assert "What became of your data" in html and "/figures/releases/WPF-2/" in html
