from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from django.apps import AppConfig

from standards.editions import ask_with

if TYPE_CHECKING:
    from agencies.models import Person, Token


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from agencies import accounts, collection, log, middleware, tokens
        from records.codelists.editions import refresh
        from records.collection import open_work
        from records.instruments import deliveries, versions
        from records.pages.foreign import names_something_foreign

        ask_with(refresh)
        middleware.foreign.append(names_something_foreign)
        log.titles_of.append(versions.titles)
        log.numbers_of.append(_numbers)
        accounts.after_creating(versions.give_to)
        tokens.after_ending(_give_up_its_files)
        collection.told_by(deliveries.told, open_work.of)
        deliveries.settle_changes()


def _give_up_its_files(token: "Token") -> None:
    """Forget what a token has begun to send: nobody else can send it on."""
    from records.collection import in_parts

    in_parts.give_up_of(token)


def _numbers(ids: Collection[int], person: "Person") -> Mapping[int, str]:
    """Return the agency's own numbers of records: what knows records is loaded when it is first asked."""
    from records.collection import history

    return history.numbers(ids, person)
