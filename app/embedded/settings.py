"""How the embedded PostgreSQL is set, and why."""


def server_settings(*, host: str, port: int, durable: bool) -> dict[str, str]:
    """PostgreSQL's settings for one small machine; what is not named keeps PostgreSQL's default (fsync is on)."""
    settings = {
        "listen_addresses": host,
        "port": str(port),
        # No socket file: its path has a short limit, and data folders lie deep.
        "unix_socket_directories": "",
        # Pools of four modules with a few workers each, and room for a person with psql.
        "max_connections": "100",
        "shared_buffers": "128MB",
        # Short statements on few cores: planning in parallel or compiling costs more than it saves.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        # Nothing replicates from here: one process fewer.
        "max_logical_replication_workers": "0",
        "max_wal_senders": "0",
        # Instants are UTC everywhere, and a machine without a time zone database will do.
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        # A connection whose client is gone without a word is noticed within the half minute.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        # Ends a query, however long, soon after its client is gone.
        "client_connection_check_interval": "1s",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {"max_connections": "300"}  # several workers' tests at once, some with 32 connections for a race
    return settings
