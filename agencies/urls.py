"""Pages of people and agencies."""

from django.urls import path

from agencies import invitation_pages, log_pages, pages

app_name = "agencies"
urlpatterns = [
    path("", pages.people, name="people"),
    path("invite/<slug:agency>/", pages.invite, name="invite"),
    path("person/<slug:agency>/<int:person>/", pages.person, name="person"),
    path("agencies/", pages.agency_list, name="agency_list"),
    path("log/", log_pages.log_page, name="log"),
    path("log/log.csv", log_pages.log_file, name="log_file"),
    path("invitations/", invitation_pages.invitation_list, name="invitations"),
    path("invitations/<int:invitation_id>/answer/", invitation_pages.answer, name="answer"),
    path("invitations/<int:invitation_id>/change/", invitation_pages.change, name="change"),
    path("invitation/<str:secret>/", invitation_pages.invitation, name="invitation"),
]
