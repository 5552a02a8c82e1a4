"""What is measured, by Prometheus' naming."""

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

HTTP_REQUESTS = Histogram(
    "waybill_http_request_duration_seconds",
    "Time to answer a request, by route and status.",
    ["method", "route", "status"],
    buckets=FAST,
)
PORT_CALLS = Histogram(
    "waybill_port_call_duration_seconds",
    "Time of a call between modules, by method and outcome.",
    ["method", "outcome"],
    buckets=FAST,
)
PORT_REPEATS = Counter("waybill_port_repeats_total", "Port calls that were made again, by method.", ["method"])
PORT_BYTES = Counter(
    "waybill_port_bytes_total",
    "Bytes of questions and answers between processes, by method and direction.",
    ["method", "direction"],
)
OUTBOX_EVENTS = Gauge("waybill_outbox_events", "Events in an outbox that are not settled.", ["module", "state"])
OUTBOX_AGE = Gauge("waybill_outbox_oldest_seconds", "Age of the oldest such event.", ["module", "state"])
OUTBOX_FULL = Gauge(
    "waybill_outbox_full",
    "Whether so many events wait to be published that no more are taken on: 1, else 0.",
    ["module"],
)
PUBLISHED = Counter("waybill_events_published_total", "Events that the bus took, each time.", ["module"])
REPUBLISHED = Counter(
    "waybill_events_republished_total",
    "Events that are published again: their bus has lost them, or is another.",
    ["module"],
)
PUBLISHING = Histogram(
    "waybill_events_publish_duration_seconds", "Time in which the bus takes a batch.", ["module"], buckets=FAST
)
LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
HANDLED = Histogram(
    "waybill_events_handled_seconds",
    "From an event's recording until it took effect, by the module where it did.",
    ["module", "source"],
    buckets=LONG,
)
ORDER_TO_SHIPMENT = Histogram(
    "waybill_order_to_shipment_seconds", "From an order until it has its shipment.", buckets=LONG
)
CLAIMED = Counter(
    "waybill_events_claimed_total", "Events that were taken over from a consumer that left or is gone.", ["module"]
)
PENDING = Gauge("waybill_events_pending", "Events that were given to a module and are not done with.", ["module"])
INBOX_PARKED = Gauge("waybill_inbox_parked_events", "Events that an inbox has parked.", ["module", "state"])
SWEPT = Counter("waybill_holds_settled_total", "Holds that nobody confirmed in time and that were settled.")
LIMITED = Counter(
    "waybill_auth_limited_total",
    "Requests at auth's form endpoints that were refused for coming too often, by what was exceeded.",
    ["by"],
)
PACED = Counter("waybill_sales_paced_total", "Requests of customers that were refused: their client asked too fast.")
TOKEN_REQUESTS = Counter(
    "waybill_auth_token_requests_total",
    "Requests for tokens, by grant type and by what they were answered: granted, or the error.",
    ["grant_type", "outcome"],
)
PRUNED = Counter("waybill_auth_pruned_rows_total", "Rows that were over and were taken away, by kind.", ["kind"])
REVOCATIONS_SILENT = Gauge(
    "waybill_revocations_silent_seconds", "For how long this process has not heard from auth what was revoked."
)
