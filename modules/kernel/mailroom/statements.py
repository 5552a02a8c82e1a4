"""Every SQL statement about events that only an operator asks for."""

from modules.kernel.database import sql

LETTERS = sql("""
    SELECT p.source, p.subject, p.sequence, p.event, p.attempts, p.error, p.parked_at,
        (SELECT count(*) FROM inbox_parked w
         WHERE w.source = p.source AND w.subject = p.subject AND w.sequence > p.sequence) AS waiting
    FROM inbox_parked p
    WHERE p.state = 'dead' AND (p.source, p.subject, p.sequence) > (:source, :subject, :sequence)
    ORDER BY p.source, p.subject, p.sequence LIMIT :limit
""")

LETTER = sql("""
    SELECT p.source, p.subject, p.sequence, p.event, p.attempts, p.error, p.parked_at,
        (SELECT count(*) FROM inbox_parked w
         WHERE w.source = p.source AND w.subject = p.subject AND w.sequence > p.sequence) AS waiting
    FROM inbox_parked p
    WHERE p.state = 'dead' AND p.source = :source AND p.subject = :subject AND p.sequence = :sequence
""")

# Only the state: a text that says why it died stays until the next attempt says something else.
REPLAY = sql("""
    UPDATE inbox_parked SET state = 'retrying', attempts = 0, next_at = clock_timestamp()
    WHERE source = :source AND subject = :subject AND sequence = :sequence AND state = 'dead'
""")

HANDLING = sql("""
    SELECT coalesce((SELECT c.sequence FROM inbox_cursor c WHERE c.source = :source AND c.subject = :subject), 0)
            AS handled,
        p.state, p.attempts, p.error, p.parked_at
    FROM (SELECT) AS always LEFT JOIN inbox_parked p
        ON p.source = :source AND p.subject = :subject AND p.sequence = :sequence
""")

ARRIVED = sql("""
    SELECT source, sequence FROM inbox_cursor WHERE subject = :subject AND source = ANY(:sources) ORDER BY source
""")

PARKED = sql("""
    SELECT source, sequence, event, state, attempts, error, parked_at FROM inbox_parked
    WHERE subject = :subject AND source = ANY(:sources) ORDER BY source, sequence
""")

TOLD = sql("""
    SELECT event_id, type, sequence, state, recorded_at, published_at, bus, stream_id, publications, settled_at
    FROM outbox WHERE subject = :subject ORDER BY sequence
""")

EVENT = sql("""
    SELECT event_id, type, subject, sequence, data, traceparent, state, recorded_at, published_at, bus, stream_id,
        publications, settled_at
    FROM outbox WHERE event_id = :event_id
""")

NEWEST = sql("SELECT event_id FROM outbox ORDER BY event_id DESC LIMIT 1")

# In pieces, so that none holds many rows for long. What is recorded goes out anyway.
REPUBLISH = sql("""
    WITH again AS (
        SELECT event_id FROM outbox WHERE event_id > :after AND event_id <= :newest AND recorded_at >= :since
        ORDER BY event_id LIMIT :limit),
    told AS (
        UPDATE outbox o SET state = 'recorded', publications = 0, settled_at = NULL
        FROM again WHERE o.event_id = again.event_id AND o.state <> 'recorded')
    SELECT event_id FROM again ORDER BY event_id
""")
