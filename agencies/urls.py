"""Pages of people and agencies."""

from django.urls import path

from agencies import views

app_name = "agencies"
urlpatterns = [
    path("", views.people, name="people"),
    path("invite/<slug:agency>/", views.invite, name="invite"),
    path("person/<slug:agency>/<int:person>/", views.person, name="person"),
    path("agencies/", views.agency_list, name="agency_list"),
]
