"""Letters to people who want to know when a release comes out or is withdrawn.

Whether it is out is asked as readers ask, so nobody is written to before an embargo ends, nor of a release that is
withheld. Letters are written in the transaction that notes them, so each is written once.
"""

from collections.abc import Collection

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import audit
from agencies.models import Person
from agencies.refusal import Refused
from reports.designs import datasets
from reports.models import Build, Release, Subscription
from reports.published import register
from reports.published.editions import Edition
from reports.published.register import Withdrawal
from reports.releases import whereabouts
from standards.translation import in_language

SALT = "reports.subscriptions"
OUT = Q(release__state=Release.State.RELEASED, announced_at=None)
GONE = Q(
    release__state=Release.State.WITHDRAWN,
    release__released_at__isnull=False,
    withdrawal_announced_at=None,
)


@transaction.atomic
def choose(person: Person, chosen: Collection[str], *, site: str) -> None:
    """Let a person have letters of exactly these datasets. site: the address of the portal. Raises `Refused`."""
    if unknown := sorted(set(chosen) - set(datasets.datasets())):
        raise Refused(_("There is no dataset %(code)s.") % {"code": unknown[0][:20]})
    Subscription.objects.filter(person=person).exclude(dataset__in=chosen).delete()
    for dataset in chosen:
        Subscription.objects.update_or_create(
            person=person, dataset=dataset, defaults={"site": site}
        )
    audit.record(
        "subscribe",
        f"person:{person.pk}",
        name=person.email,
        by=person,
        datasets=", ".join(sorted(chosen)),
    )


def link_of(subscription: Subscription) -> str:
    """Return the address that ends a subscription without a sign-in; it has no end of its own."""
    token = Signer(salt=SALT).sign(f"{subscription.pk}.{subscription.dataset}")
    return subscription.site.rstrip("/") + reverse("reports:unsubscribe", args=[token])


def named_by(token: str) -> tuple[str, Subscription | None] | None:
    """Return the dataset that a link names, and the subscription unless it has ended; None for a forged link."""
    try:
        number, _dot, dataset = Signer(salt=SALT).unsign(token).partition(".")
    except BadSignature:
        return None
    return dataset, Subscription.objects.filter(pk=int(number)).select_related("person").first()


def end(subscription: Subscription) -> None:
    """End a subscription by its link."""
    audit.record(
        "unsubscribe",
        f"person:{subscription.person_id}",
        name=subscription.person.email,
        by=subscription.person,
        dataset=subscription.dataset,
    )
    subscription.delete()


def announce() -> int:
    """Write to the subscribers of every release that came out or was withdrawn since; return how many letters.

    Safe to run at any time and by several at once.
    """
    return sum(
        _announce(pk) for pk in Build.objects.filter(OUT | GONE).values_list("pk", flat=True)
    )


@transaction.atomic
def _announce(pk: int) -> int:
    waiting = Build.objects.select_for_update(of=("self",), skip_locked=True).filter(OUT | GONE)
    build = waiting.select_related("release").filter(pk=pk).first()
    if build is None:
        return 0
    found = register.read([build.release_id])
    now, gone = timezone.now(), build.release.state == Release.State.WITHDRAWN
    if not found and not gone:
        return 0  # under embargo, or withheld: it is looked at again
    if gone:  # whether it had been out or not, nothing more is to be told of it
        build.announced_at, build.withdrawal_announced_at = build.announced_at or now, now
    else:
        build.announced_at = now
    build.save(update_fields=["announced_at", "withdrawal_announced_at"])
    if found and not gone:
        whereabouts.tell(build)
    return _write(found[0]) if found else 0


def _write(release: Edition | Withdrawal) -> int:
    readers = Subscription.objects.filter(dataset=release.dataset, person__is_active=True)
    letters = [_letter(release, reader) for reader in readers.select_related("person")]
    for letter in letters:
        letter.send()
    return len(letters)


def _letter(release: Edition | Withdrawal, reader: Subscription) -> EmailMessage:
    link = link_of(reader)
    with override(reader.person.language or settings.LANGUAGE_CODE):
        subject, told = _told(release, reader.site.rstrip("/"))
        foot = _(
            "You receive this letter because you subscribed to releases of this dataset.\n"
            "Unsubscribe: %(leave)s\nChoose datasets: %(choose)s"
        ) % {
            "leave": link,
            "choose": reader.site.rstrip("/") + reverse("reports:subscriptions"),
        }
        return EmailMessage(
            " ".join(subject.split()),
            f"{told}\n\n-- \n{foot}\n",
            to=[reader.person.email],
            # RFC 2369, and RFC 8058: mail programs show a button that needs one click.
            headers={
                "List-Unsubscribe": f"<{link}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )


def _told(release: Edition | Withdrawal, site: str) -> tuple[str, str]:
    """Return subject and text, in the active language."""
    page = site + reverse("reports:published_release", args=[release.name])
    if isinstance(release, Withdrawal):
        facts = {
            "name": release.name,
            "title": in_language(release.title),
            "when": register.on(release.withdrawn_at),
            "reason": release.reason,
            "page": page,
        }
        text = _(
            "Release %(name)s (%(title)s) was withdrawn on %(when)s. Please do not use its figures any "
            "more.\n\nReason: %(reason)s\n\nWhat stands in its place: %(page)s"
        )
        return _("%(name)s is withdrawn: %(title)s") % facts, text % facts
    facts = {
        "name": release.name,
        "title": in_language(release.structure.title),
        "when": register.on(release.released_at),
        "note": release.note,
        "page": page,
    }
    text = _(
        "Release %(name)s (%(title)s) is out since %(when)s.\n\n%(note)s\n\n"
        "What changed, its files, how to cite it: %(page)s"
    )
    return _("%(name)s is released: %(title)s") % facts, text % facts
