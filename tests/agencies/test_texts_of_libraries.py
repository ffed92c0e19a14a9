"""What libraries say on our pages is translated by us; a text they change must not turn English."""

import io
from pathlib import Path

import allauth
import django
import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from migdata.management.commands import messages

ALLAUTH, DJANGO = Path(allauth.__file__).parent, Path(django.__file__).parent
PAGES = ALLAUTH / "templates"
# Their pages and letters that our people meet; the others are ours or have no address.
USED = (
    *("mfa/index.html", "mfa/authenticate.html", "mfa/reauthenticate.html"),
    *("mfa/totp/*.html", "mfa/recovery_codes/*", "mfa/messages/totp*", "mfa/messages/recovery*"),
    *("mfa/email/totp*", "mfa/email/recovery*", "account/base_reauthenticate.html"),
    *("account/reauthenticate.html", "account/password_change.html"),
    *("account/account_inactive.html", "account/messages/password_changed.txt"),
    *("account/email/base_*", "account/email/password_changed*"),
    *("account/email/password_reset_message.txt", "account/email/password_reset_subject.txt"),
)
NEVER_SHOWN = {
    # Security keys are not among our factors, codes can be looked at again, nobody has a user name.
    *("Security Keys", "No security keys have been added.", "Manage", "Add", "Use a security key"),
    ("You have added %(count)s security key.", "You have added %(count)s security keys."),
    "I have saved my recovery codes",
    "Save them  in a secure location now — they won't be shown again.",
}


@pytest.fixture(scope="module")
def known():
    """Every text of the installed libraries, as their own catalogues list them."""
    found = set()
    for place in (ALLAUTH, DJANGO / "conf", DJANGO / "contrib" / "auth"):
        with (place / "locale" / "ru" / "LC_MESSAGES" / "django.po").open("rb") as text:
            found |= {message.id for message in read_po(text)}
    return found


def test_the_libraries_still_say_what_we_translate(known):
    assert [text for text in messages.FOREIGN if text not in known] == []


def test_every_text_of_their_pages_that_people_meet_is_translated_by_us():
    ours = {message.id for message in messages.template()}
    paths = [path for pattern in USED for path in PAGES.glob(pattern)]
    assert len(paths) > 25
    asked = set()
    for path in paths:
        lines = "\n".join(line.lstrip() for line in templatize(path.read_text()).splitlines())
        found = extract("python", io.BytesIO(lines.encode()), messages.KEYWORDS)
        asked |= {message for _line, message, _comments, _context in found}
    assert len(asked) > 40
    assert asked - ours - NEVER_SHOWN == set()


def test_texts_of_our_letters_are_found_too():
    assert "No account with this address" in {message.id for message in messages.template()}
