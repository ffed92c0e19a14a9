"""Pages of people and agencies."""

from django.urls import path

from agencies import (
    agency_pages,
    invitation_pages,
    log_pages,
    many_pages,
    pages,
    people_pages,
    person_pages,
    token_pages,
)

app_name = "agencies"
urlpatterns = [
    path("", people_pages.people_list, name="people"),
    path("invite/<slug:agency>/", pages.invite, name="invite"),
    path("person/<slug:agency>/<int:person>/", person_pages.person, name="person"),
    path(
        "person/<slug:agency>/<int:person>/deactivate/", person_pages.deactivate, name="deactivate"
    ),
    path("invite-many/<slug:agency>/", many_pages.invite_many, name="invite_many"),
    path("review/<slug:agency>/", people_pages.review, name="review"),
    path("agencies/", pages.agency_list, name="agency_list"),
    path("agencies/<slug:agency>/", agency_pages.agency, name="agency"),
    path("changes/<int:change>/", agency_pages.decide_change, name="decide_change"),
    path("tokens/", token_pages.token_list, name="tokens"),
    path("tokens/<int:token>/revoke/", token_pages.revoke, name="token_revoke"),
    path("log/", log_pages.log_page, name="log"),
    path("log/since/", log_pages.overview, name="log_since"),
    path("log/log.csv", log_pages.log_file, name="log_file"),
    path("invitations/", invitation_pages.invitation_list, name="invitations"),
    path("invitations/<int:invitation_id>/answer/", invitation_pages.answer, name="answer"),
    path("invitations/<int:invitation_id>/change/", invitation_pages.change, name="change"),
    path("invitation/<str:secret>/", invitation_pages.invitation, name="invitation"),
]
