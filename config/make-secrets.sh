#!/bin/sh
# Makes the secrets that docker-compose.yml reads: `sh config/make-secrets.sh [FOLDER]`, by default `secrets`.
# Those that are there already are kept, so it may be run again after an upgrade that needs more of them.
#
# The folder is its owner's alone. The files in it can be read by all, since each is handed to containers whose users
# have numbers of their own, and an engine hands a file over with the mode it has.
set -eu
umask 077

folder=${1:-secrets}
mkdir -p -- "$folder"
chmod 0700 -- "$folder"

# 256 bits, in characters that need no encoding in a URL.
generated() {
    text=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
    [ "${#text}" -eq 43 ] || { echo "make-secrets: this machine gives no random bytes" >&2; exit 1; }
    printf %s "$text"
}

# keep NAME BEFORE AFTER: a file of that name, with a new secret between the two words.
keep() {
    [ ! -e "$folder/$1" ] || return 0
    secret=$(generated)
    printf '%s%s%s\n' "$2" "$secret" "$3" >"$folder/.$1.new"
    chmod 0444 -- "$folder/.$1.new"
    mv -- "$folder/.$1.new" "$folder/$1"
    echo "made $folder/$1"
}

# A key on P-256: with the private part a service signs in, the public one is for auth. One of an earlier version, which
# was no key, is replaced.
keep_key() {
    if ! grep -qs "PRIVATE KEY" "$folder/$1"; then
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$folder/.$1.new"
        chmod 0444 -- "$folder/.$1.new"
        mv -f -- "$folder/.$1.new" "$folder/$1"
        rm -f -- "$folder/$1_public"
        echo "made $folder/$1"
    fi
    [ ! -e "$folder/$1_public" ] || return 0
    openssl pkey -in "$folder/$1" -pubout -out "$folder/.$1_public.new"
    chmod 0444 -- "$folder/.$1_public.new"
    mv -- "$folder/.$1_public.new" "$folder/$1_public"
    echo "made $folder/$1_public"
}

command -v openssl >/dev/null || { echo "make-secrets: install openssl, which makes the services' keys" >&2; exit 1; }
keep postgres_password "" ""
for module in auth sales delivery product; do
    keep "database_$module" "postgresql://waybill_$module:" "@postgres:5432/waybill_$module"
done
keep events_url "redis://:" "@redis:6379/0"
keep pepper "" ""
keep key_encryption_key "" ""
for module in sales delivery product; do
    keep_key "service_$module"
done
keep grafana_password "" ""
