"""Released figures (public) and the desk of releases."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from reports import api, dashboard, views

app_name = "reports"
urlpatterns = [
    path("figures/", dashboard.dashboard, name="dashboard"),
    path("figures/charts/<slug:kind>-<slug:width>-<slug:theme>.svg", dashboard.chart, name="chart"),
    path("figures/tables/", views.table_list, name="tables"),
    path("figures/tables/<slug:code>/", views.table, name="table"),
    path("figures/tables/<slug:code>.csv", views.table_csv, name="table_csv"),
    path("figures/tables/<slug:code>.xlsx", views.table_xlsx, name="table_xlsx"),
    path("figures/data/<slug:dataset>.csv", views.data_csv, name="data_csv"),
    path("figures/api/v1/datasets", api.Datasets.as_view(), name="api_datasets"),
    path("figures/api/v1/datasets/<slug:dataset>/data", api.Data.as_view(), name="api_data"),
    path("figures/api/v1/tables", api.Tables.as_view(), name="api_tables"),
    path("figures/api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("releases/", views.releases, name="releases"),
    path("releases/build/<slug:dataset>/", views.build, name="build"),
    path("releases/<int:pk>/", views.release, name="release"),
    path("releases/<int:pk>/<slug:verb>/", views.release_verb, name="release_verb"),
]
