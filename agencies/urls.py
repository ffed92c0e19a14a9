"""Pages of people and agencies."""

from django.urls import path

from agencies import pages

app_name = "agencies"
urlpatterns = [
    path("", pages.people, name="people"),
    path("invite/<slug:agency>/", pages.invite, name="invite"),
    path("person/<slug:agency>/<int:person>/", pages.person, name="person"),
    path("agencies/", pages.agency_list, name="agency_list"),
]
