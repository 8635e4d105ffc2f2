"""The metrics that ``/metrics`` shows; each name carries its unit."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

__all__ = ["Metrics"]

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """All metrics of one serving process, in a registry of their own."""

    def __init__(self) -> None:
        """Create every metric, so that each is shown from the first scrape."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "samovar_http_requests_total", "HTTP requests answered.", ["method", "status"], registry=self.registry
        )
        self.runs = Counter("samovar_runs_total", "Replies that ended, by how.", ["status"], registry=self.registry)
        self.live_runs = Gauge("samovar_live_runs", "Replies being written now.", registry=self.registry)
        self.prompt_tokens = Counter(
            "samovar_prompt_tokens_total", "Tokens that backends evaluated.", registry=self.registry
        )
        self.completion_tokens = Counter(
            "samovar_completion_tokens_total", "Tokens that backends wrote.", registry=self.registry
        )
        self.first_token_seconds = Histogram(
            "samovar_first_token_seconds",
            "Time from the start of a run to its first token.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.prompts_cut = Counter(
            "samovar_prompts_cut_total",
            "Answers whose backend read fewer tokens than were sent.",
            ["backend"],
            registry=self.registry,
        )
        self.summaries = Counter(
            "samovar_summaries_total",
            "Summaries of chats that models wrote: taken, or why they were not.",
            ["result"],
            registry=self.registry,
        )
        self.documents = Counter(
            "samovar_documents_total", "Files taken in, by how it ended.", ["status"], registry=self.registry
        )
        self.engine_restarts = Counter(
            "samovar_engine_restarts_total", "Times the embedded engine was started again.", registry=self.registry
        )

    def render(self) -> bytes:
        """The metrics in Prometheus' text form."""
        return generate_latest(self.registry)
