"""What watches the layout: every name that Prometheus, Grafana, Loki and Alloy are told is one that exists."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

import app.telemetry.metrics  # noqa: F401  registers what is measured
from tests.system.compose_world import ROOT, SERVICES, layout

CONFIG = ROOT / "config"
TARGET = {"job", "instance"}  # what Prometheus itself adds
OF_PROMETHEUS = {"up": TARGET, "ALERTS": {*TARGET, "alertstate", "alertname"}}


def read(path: str) -> Any:
    return yaml.safe_load((CONFIG / path).read_text())


def service(name: str) -> Mapping[str, Any]:
    return dict(layout()["services"][name])


def mounts(name: str) -> Mapping[str, str]:
    """Where in a container each of our files is, and each of its volumes."""
    return {volume["target"]: volume["source"] for volume in service(name)["volumes"]}


def measured() -> Mapping[str, set[str]]:
    """Every series that a process of ours offers, with its labels."""
    series: dict[str, set[str]] = dict(OF_PROMETHEUS)
    for collector, names in REGISTRY._collector_to_names.items():
        labels = set(getattr(collector, "_labelnames", ()))
        for name in names:
            series[name] = labels | TARGET | ({"le"} if name.endswith("_bucket") else set())
    return series


def selectors(query: str) -> Iterator[tuple[str, Sequence[Any]]]:
    """The series that a query asks for, with the conditions it puts on them."""
    found: list[Any] = []
    for variable, value in {"$__rate_interval": "5m", "$__range": "1h", "$service": ".*"}.items():
        query = query.replace(variable, value)

    def note(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(query), note)
    yield from ((one.name or "", list(one.matchers.matchers)) for one in found)


def grouped(query: str) -> set[str]:
    return {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", query) for label in labels.split(",")}


def alerts() -> list[Mapping[str, Any]]:
    return [rule for group in read("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


def dashboard() -> Mapping[str, Any]:
    whole: Mapping[str, Any] = json.loads((CONFIG / "grafana/dashboards/waybill.json").read_text())
    return whole


def panels() -> list[Mapping[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def targets(kind: str) -> list[Mapping[str, Any]]:
    return [target for panel in panels() for target in panel["targets"] if target["datasource"]["type"] == kind]


QUERIES = [alert["expr"] for alert in alerts()] + [target["expr"] for target in targets("prometheus")]


def test_prometheus_asks_every_service_and_nobody_else() -> None:
    asked = {
        job["job_name"]: (place["names"], place["port"])
        for job in read("prometheus/prometheus.yml")["scrape_configs"]
        for place in job["dns_sd_configs"]
    }
    listening = {name: ([name], int(service(name)["command"][-1])) for name in SERVICES}
    assert asked == listening
    assert all("watch" in service(name)["networks"] for name in (*SERVICES, "prometheus"))


def test_prometheus_finds_its_files_where_they_are_mounted() -> None:
    folder = Path(mounts("prometheus")["/etc/prometheus"])
    said = [word.partition("=")[2] for word in service("prometheus")["command"] if word.startswith("--config.file")]
    for path in (*said, *read("prometheus/prometheus.yml")["rule_files"]):
        assert (folder / Path(path).relative_to("/etc/prometheus")).is_file()


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_is_measured_by_labels_it_has(query: str) -> None:
    known = measured()
    asked = list(selectors(query))
    assert asked
    for name, matchers in asked:
        assert name in known
        assert {matcher.name for matcher in matchers} <= known[name]
    assert grouped(query) <= set().union(*(known[name] for name, _ in asked))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_states_and_outcomes_that_the_program_gives(query: str) -> None:
    paths = [path for room in ("app", "modules") for path in sorted((ROOT / room).rglob("*.py"))]
    source = "".join(path.read_text() for path in paths)
    for _, matchers in selectors(query):
        for matcher in matchers:
            if matcher.name in {"state", "outcome"}:
                assert all(f'"{word}"' in source for word in matcher.value.split("|"))


def test_there_is_an_alert_for_each_way_to_fail() -> None:
    asked = {(alert["alert"], name) for alert in alerts() for name, _ in selectors(alert["expr"])}
    assert asked == {
        ("ServiceDown", "up"),
        ("EventsNotPublished", "waybill_outbox_oldest_seconds"),
        ("OutboxFull", "waybill_outbox_full"),
        ("EventsNotHandled", "waybill_outbox_oldest_seconds"),
        ("DeadLetters", "waybill_inbox_parked_events"),
        ("PortCallsUnavailable", "waybill_port_call_duration_seconds_count"),
        ("RevocationsSilent", "waybill_revocations_silent_seconds"),
        ("ClientsFailToSignIn", "waybill_auth_token_requests_total"),
    }


def test_the_guide_names_every_alert() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    assert {alert["alert"] for alert in alerts()} == set(re.findall(r"(?m)^\| `([A-Z]\w+)` \|", guide))


def test_a_service_without_a_container_is_missed_by_name() -> None:
    (down,) = (alert["expr"] for alert in alerts() if alert["alert"] == "ServiceDown")
    assert {name for name in SERVICES if f'absent(up{{job="{name}"}})' in down} == set(SERVICES)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: Mapping[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["action"]
    labels = set(re.findall(r"\$labels\.(\w+)", " ".join(alert["annotations"].values())))
    assert labels <= {
        name for _, matchers in selectors(alert["expr"]) for name in (m.name for m in matchers)
    } | grouped(alert["expr"])


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_asks_something_of_a_source_that_is_there(panel: Mapping[str, Any]) -> None:
    sources = {(one["type"], one["uid"]) for one in read("grafana/provisioning/datasources/waybill.yml")["datasources"]}
    assert panel["targets"]
    assert panel["description"]
    for target in panel["targets"]:
        assert target["expr"]
        assert (target["datasource"]["type"], target["datasource"]["uid"]) in sources


def test_no_panel_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    identities = [panel["id"] for panel in dashboard()["panels"]]
    assert len(identities) == len(set(identities))


def test_the_dashboard_shows_requests_calls_and_events() -> None:
    shown = {name for target in targets("prometheus") for name, _ in selectors(target["expr"])}
    assert shown >= {
        "waybill_http_request_duration_seconds_count",
        "waybill_http_request_duration_seconds_bucket",
        "waybill_port_call_duration_seconds_count",
        "waybill_port_call_duration_seconds_bucket",
        "waybill_outbox_events",
        "waybill_outbox_oldest_seconds",
        "waybill_inbox_parked_events",
        "waybill_outbox_full",
        "waybill_events_published_total",
        "waybill_events_republished_total",
        "waybill_events_publish_duration_seconds_bucket",
        "waybill_events_handled_seconds_bucket",
        "waybill_events_handled_seconds_count",
        "waybill_order_to_shipment_seconds_bucket",
        "waybill_events_pending",
        "waybill_events_claimed_total",
    }


def test_grafana_finds_its_dashboards_and_its_sources() -> None:
    (provider,) = read("grafana/provisioning/dashboards/waybill.yml")["providers"]
    assert Path(mounts("grafana")[provider["options"]["path"]]) == CONFIG / "grafana/dashboards"
    for source in read("grafana/provisioning/datasources/waybill.yml")["datasources"]:
        host, _, port = source["url"].removeprefix("http://").partition(":")
        assert service(host)["networks"].keys() & service("grafana")["networks"].keys()
        assert int(port) == {"prometheus": 9090, "loki": read("loki/loki.yml")["server"]["http_listen_port"]}[host]


def test_loki_keeps_its_data_on_its_volume_and_not_for_ever() -> None:
    loki = read("loki/loki.yml")
    paths = re.findall(r": (/\S+)", (CONFIG / "loki/loki.yml").read_text())
    assert paths
    assert all(Path(path).is_relative_to("/loki") for path in paths)
    assert mounts("loki")["/loki"] == "loki"
    assert loki["compactor"]["retention_enabled"] is True
    assert int(loki["limits_config"]["retention_period"].removesuffix("h")) % 24 == 0
    (schema,) = loki["schema_config"]["configs"]
    assert (schema["store"], schema["schema"]) == ("tsdb", "v13")
    assert f"/etc/loki/{(CONFIG / 'loki/loki.yml').name}" in service("loki")["command"][0]


ALLOY = (CONFIG / "alloy/config.alloy").read_text()


def test_alloys_blocks_close_and_its_references_lead_somewhere() -> None:
    code = re.sub(r'"(?:\\.|[^"\\])*"', '""', re.sub(r"(?m)^\s*//.*$", "", ALLOY))
    depth: list[str] = []
    for sign in re.findall(r"[][{}()]", code):
        if sign in "[{(":
            depth.append({"[": "]", "{": "}", "(": ")"}[sign])
        else:
            assert depth
            assert depth.pop() == sign
    assert not depth
    declared = {f"{kind}.{label}" for kind, label in re.findall(r'(?m)^([a-z_.]+) "(\w+)" \{', ALLOY)}
    used = {name.rpartition(".")[0] for name in re.findall(r"= \[?((?:local|loki)\.[\w.]+)", ALLOY)}
    assert used
    assert used | {"loki.source.file.containers"} == declared


def test_alloy_reads_the_files_and_the_attributes_that_the_containers_write() -> None:
    (pattern,) = re.findall(r'__path__ = "([^"]+)"', ALLOY)
    assert any(Path(pattern).is_relative_to(place) for place in mounts("alloy"))
    attributes = {label.replace('\\"', "") for label in re.findall(r'"attrs\.((?:\\"|[^"])+)"', ALLOY)}
    for name in layout()["services"]:
        logging = service(name)["logging"]
        assert logging["driver"] == "json-file"
        assert attributes == {"tag", *logging["options"]["labels"].split(",")}
    assert read("grafana/provisioning/datasources/waybill.yml")["datasources"][1]["url"] in ALLOY


def test_the_dashboard_searches_the_log_by_labels_that_alloy_sets() -> None:
    labels = {label for block in re.findall(r"values = \{(.*)\}", ALLOY) for label in re.findall(r"(\w+) +=", block)}
    asked = {label for target in targets("loki") for label in re.findall(r"(\w+)=", target["expr"])}
    assert asked
    assert asked <= labels
