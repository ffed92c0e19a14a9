"""Released figures (public) and the desk of releases."""

from django.urls import path

from reports import api, dashboard, desk, views
from reports.formats import described

app_name = "reports"
urlpatterns = [
    path("figures/", dashboard.dashboard, name="dashboard"),
    path("figures/charts/<slug:kind>-<slug:width>-<slug:theme>.svg", dashboard.chart, name="chart"),
    path("figures/tables/", views.table_list, name="tables"),
    path("figures/tables/<slug:code>/", views.table, name="table"),
    path("figures/tables/<slug:code>.csv", views.table_csv, name="table_csv"),
    path("figures/tables/<slug:code>.xlsx", views.table_xlsx, name="table_xlsx"),
    path("figures/data/<slug:dataset>.csv", views.data_csv, name="data_csv"),
    path("figures/data/<slug:dataset>.xlsx", views.data_xlsx, name="data_xlsx"),
    path("figures/method/", views.method, name="method"),
    path("figures/api/", views.api_guide, name="api_guide"),
    path("figures/api/v1/datasets", api.Datasets.as_view(), name="api_datasets"),
    path("figures/api/v1/datasets/<slug:dataset>/data", api.Data.as_view(), name="api_data"),
    path("figures/api/v1/datasets/<slug:dataset>", api.Dataset.as_view(), name="api_dataset"),
    path(
        "figures/api/v1/datasets/<slug:dataset>/releases",
        api.Releases.as_view(),
        name="api_releases",
    ),
    path(
        "figures/api/v1/releases/<slug:release>/cells.parquet",
        api.Cells.as_view(),
        name="api_cells",
    ),
    path("figures/api/v1/tables", api.Tables.as_view(), name="api_tables"),
    path("figures/api/v1/tables/<slug:code>/data", api.TableData.as_view(), name="api_table"),
    path("figures/api/schema/", described.Description.as_view(), name="api_schema"),
    path("releases/", desk.releases, name="releases"),
    path("releases/build/<slug:dataset>/", desk.build, name="build"),
    path("releases/<int:pk>/", desk.release, name="release"),
    path("releases/<int:pk>/<slug:verb>/", desk.release_verb, name="release_verb"),
]
