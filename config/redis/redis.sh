#!/bin/sh
# Redis with the password that is in the services' URL. `redis.sh start FLAGS…` is the server, `redis.sh ping` asks it.
set -eu

url=$(cat "${SECRETS:-/run/secrets}/events_url")
password=${url#*:*:}
password=${password%%@*}

case $1 in
    start)
        shift
        # On its standard input: a command line can be read by others.
        exec redis-server "$@" - <<SETTINGS
requirepass $password
SETTINGS
        ;;
    ping)
        REDISCLI_AUTH=$password redis-cli ping | grep -qx PONG
        ;;
esac
