"""What the statistics office keeps of code lists, and what agencies' own words mean."""

from django.conf import settings
from django.db import models

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission

PERSON = settings.AUTH_USER_MODEL


class ListEdition(models.Model):
    """One edition of a code list after the delivered one, whole: what differs from the delivered list, by code.

    Editions are appended, never changed, so what held on any day can be told for ever. The list `site` holds the
    settings of the site. `standards.editions.Edition` has the form of `codes`.
    """

    name = models.CharField(max_length=40)  # of the list
    number = models.PositiveIntegerField()
    codes = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="list_edition_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class LearnedWord(models.Model):
    """What a text means in the files of an agency, as a person of it answered once.

    `key` is the form in which texts are compared. A word that is revoked stays, and means nothing any more.
    """

    scope_permission = Permission.SEE_SUBMISSIONS

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    variable = models.CharField(max_length=40)
    text = models.CharField(max_length=150)
    key = models.CharField(max_length=150)
    code = models.CharField(max_length=32)
    taught_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    taught_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(null=True)
    is_revoked = models.BooleanField(default=False)

    objects = AgencyScoped["LearnedWord"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "instrument", "variable", "key"], name="learned_word_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.variable} {self.code}"


class OwnCodeList(models.Model):
    """One version of a list of codes that an agency uses in its files: text -> code of a list of the portal.

    Versions are appended, never changed: an upload names the one that it was read with. Of a list that is withdrawn
    no version is used any more; its next one takes it up again.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    codelist = models.CharField(max_length=40)  # of the portal, whose codes the texts mean
    codes = models.JSONField()
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    withdrawn_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["agency", "name", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "name", "version"], name="own_code_list_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class LearnedLayout(models.Model):
    """What an agency said about files with the same headers: the next one is read with it.

    `key` is the digest of the headers, `keys` tell each of them (`reading.remembered`), `headers` are shown:
    letter and text. Each teaching is a row of its own; the latest one that is not revoked holds, so that
    revoking it brings back the one before.
    """

    scope_permission = Permission.SEE_RECORDS

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    upload = models.ForeignKey(
        "records.Upload", models.PROTECT, related_name="layouts", db_constraint=False
    )
    key = models.CharField(max_length=64)
    keys = models.JSONField()
    headers = models.JSONField()
    answers = models.JSONField()
    taught_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    taught_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(null=True)
    is_revoked = models.BooleanField(default=False)

    objects = AgencyScoped["LearnedLayout"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["agency", "instrument", "key"], name="layout_of_an_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.instrument_id} {self.key[:8]}"
