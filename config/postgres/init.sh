#!/usr/bin/env bash
# Run once by the image of PostgreSQL, while its volume is empty: a role for each module, and a database that only this
# role may connect to. Both are named, and the password given, by the URL that the module's own service reads.
set -euo pipefail

ask() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres
}

for module in auth sales delivery product; do
    url=$(<"${SECRETS:-/run/secrets}/database_$module")
    if ! [[ $url =~ ^postgresql://([a-z_]+):([A-Za-z0-9_-]+)@[^/]+/([a-z_]+)$ ]]; then
        echo "database_$module is not postgresql://role:password@host:port/database, or its password needs encoding." >&2
        exit 1
    fi
    # Through the environment: a command line can be read by others, and a statement that fails is written to the log.
    ROLE=${BASH_REMATCH[1]} PASSWORD=${BASH_REMATCH[2]} DATABASE=${BASH_REMATCH[3]} ask <<'SQL'
\getenv role ROLE
\getenv password PASSWORD
\getenv database DATABASE
SET log_min_error_statement = panic;
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done

ask <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
