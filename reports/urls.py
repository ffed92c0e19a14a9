"""Released figures (public) and the desk of releases."""

from django.urls import path

from records.pages import cover as cover_of_submissions
from records.pages import instruments
from reports.api import endpoints, indicators, openapi
from reports.pages import (
    builder,
    built_files,
    bulletins,
    catalogue,
    comparisons,
    cover,
    dashboard,
    designing,
    disclosure,
    downloads,
    drawings,
    feeds,
    glossary,
    impact,
    instrument_tables,
    matrix,
    provenance,
    public_releases,
    quality,
    release_history,
    releases,
    subscriptions,
    tables,
)
from reports.pages import indicators as indicator_pages

app_name = "reports"
# What pages of records show of figures.
instruments.tables_made_from.append(instrument_tables.made_from)
cover_of_submissions.told_beside.append(cover.beside)
urlpatterns = [
    path("robots.txt", catalogue.robots, name="robots"),
    path("sitemap.xml", catalogue.sitemap, name="sitemap"),
    path("figures/catalog.<slug:syntax>", catalogue.catalogue, name="catalogue"),
    path("figures/", dashboard.dashboard, name="dashboard"),
    path("figures/detail/", dashboard.detail, name="detail"),
    path("figures/charts/<slug:kind>-<slug:width>-<slug:theme>.svg", drawings.chart, name="chart"),
    path(
        "figures/charts/<slug:kind>-<slug:width>-<slug:theme>.png",
        drawings.chart,
        {"suffix": "png"},
        name="chart_png",
    ),
    path("figures/releases/", public_releases.release_list, name="published_releases"),
    path("figures/releases/feed.atom", feeds.releases, name="feed"),
    path("figures/releases/compare/", comparisons.compare, name="compare"),
    path("figures/releases/revisions/<slug:dataset>/", comparisons.revisions, name="revisions"),
    path("figures/releases/<slug:release>/", public_releases.release, name="published_release"),
    path("figures/releases/<slug:release>/cite.<slug:form>", public_releases.cite, name="cite"),
    path(
        "figures/releases/<slug:release>/bulletin-<slug:language>.pdf",
        bulletins.bulletin,
        name="bulletin",
    ),
    path("figures/build/", builder.builder, name="builder"),
    path(
        "figures/build/chart-<slug:width>-<slug:theme>.svg",
        built_files.drawing,
        name="built_chart",
    ),
    path("figures/build/figures.<slug:suffix>", built_files.file, name="built_file"),
    path(
        "figures/build/figures.csv-metadata.json",
        built_files.file,
        {"suffix": downloads.METADATA},
        name="built_metadata",
    ),
    path(
        "figures/releases/<slug:release>/dataset.jsonld", catalogue.dataset, name="dataset_jsonld"
    ),
    path("figures/releases/<slug:release>/croissant.json", catalogue.croissant, name="croissant"),
    path("figures/tables/", tables.table_list, name="tables"),
    path("figures/tables/<slug:code>/", tables.table, name="table"),
    path("figures/tables/<slug:code>.<slug:suffix>", downloads.table_file, name="table_file"),
    path(
        "figures/tables/<slug:code>.csv-metadata.json",
        downloads.table_file,
        {"suffix": downloads.METADATA},
        name="table_metadata",
    ),
    path("figures/data/<slug:dataset>.<slug:suffix>", downloads.data_file, name="data_file"),
    path(
        "figures/data/<slug:dataset>.csv-metadata.json",
        downloads.data_file,
        {"suffix": downloads.METADATA},
        name="data_metadata",
    ),
    path("figures/indicators/", indicator_pages.indicator_list, name="indicators"),
    path("figures/indicators/<slug:indicator>/", indicator_pages.indicator, name="indicator"),
    path(
        "figures/indicators/<slug:indicator>.csv",
        indicator_pages.indicator_file,
        name="indicator_file",
    ),
    path(
        "figures/indicators/sets/<slug:indicator_set>/", matrix.indicator_set, name="indicator_set"
    ),
    path("figures/matrix/", matrix.matrix, name="matrix"),
    path("figures/matrix.<slug:suffix>", matrix.matrix_file, name="matrix_file"),
    path("figures/matrix/<slug:row>/", matrix.matrix_row, name="matrix_row"),
    path("figures/coverage/", quality.coverage, name="coverage"),
    path("figures/quality/", quality.quality, name="quality"),
    path("figures/method/", tables.method, name="method"),
    path("figures/glossary/", glossary.glossary, name="glossary"),
    path("figures/api/", tables.api_guide, name="api_guide"),
    path("figures/api/v1/datasets", endpoints.Datasets.as_view(), name="api_datasets"),
    path("figures/api/v1/datasets/<slug:dataset>/data", endpoints.Data.as_view(), name="api_data"),
    path("figures/api/v1/datasets/<slug:dataset>", endpoints.Dataset.as_view(), name="api_dataset"),
    path(
        "figures/api/v1/datasets/<slug:dataset>/releases",
        endpoints.Releases.as_view(),
        name="api_releases",
    ),
    path(
        "figures/api/v1/releases/<slug:release>",
        endpoints.Release.as_view(),
        name="api_release",
    ),
    path(
        "figures/api/v1/releases/<slug:release>/<slug:name>.parquet",
        endpoints.TableFile.as_view(),
        name="api_table_file",
    ),
    path("figures/api/v1/tables", endpoints.Tables.as_view(), name="api_tables"),
    path("figures/api/v1/tables/<slug:code>/data", endpoints.TableData.as_view(), name="api_table"),
    path("figures/api/v1/indicators", indicators.Indicators.as_view(), name="api_indicators"),
    path(
        "figures/api/v1/indicators/<slug:indicator>",
        indicators.Indicator.as_view(),
        name="api_indicator",
    ),
    path("figures/api/v1/<path:address>", endpoints.Nowhere.as_view(), name="api_nowhere"),
    path("figures/api/schema/", openapi.Description.as_view(), name="api_schema"),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions/end/<str:token>/", subscriptions.unsubscribe, name="unsubscribe"),
    path("disclosure/", disclosure.builds, name="disclosure"),
    path("disclosure/<int:pk>/", disclosure.build, name="disclosure_of"),
    path("disclosure/design/<slug:dataset>/", designing.design, name="design"),
    path("submissions/<int:submission_id>/impact", impact.submission_impact, name="impact"),
    path("provenance/", provenance.provenance, name="provenance"),
    path("releases/", releases.releases, name="releases"),
    path("releases/build/<slug:dataset>/", releases.build, name="build"),
    path("releases/<int:pk>/", releases.release, name="release"),
    path("releases/<int:pk>/history", release_history.history, name="release_history"),
    path("releases/<int:pk>/<slug:verb>/", releases.release_verb, name="release_verb"),
]
