#!/usr/bin/env bash
# spec/verify/receipt.sh: checks receipts of an optout log with openssl, coreutils and xxd.
#
#   receipt.sh [-s STATEMENT] VKEY FILE...
#
# VKEY is what `optout log key` printed, got from somebody you trust. With -s also that the receipt
# is about what the private statement says. One line a file: `FILE: ok ...` or why not. The exit
# status is 0 when all are good, 1 when one is not, 2 for bad usage.
#
# The form of a receipt is told in spec/log.md. Bytes are held as hex, since bash cannot hold them.
set -uo pipefail

# What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410).
der_prefix=302a300506032b6570032100
dash=$'\xe2\x80\x94'

refuse() {
    why=$1
    return 1
}

bytes() { xxd -r -p <<<"$1"; }
hex() { xxd -p | tr -d '\n'; }
sha256() { bytes "$1" | openssl dgst -sha256 -binary | hex; }

# from_base64 TEXT: sets `decoded`. Of the spellings of the same bytes only one is taken.
from_base64() {
    decoded=$(base64 -d <<<"$1" 2>/dev/null | hex) &&
        [[ $(bytes "$decoded" | base64 -w 0) == "$1" ]] || refuse "base64 that is not canonical"
}

hash_from_base64() {
    from_base64 "$1" && [[ ${#decoded} == 64 ]] || refuse "a hash is not 32 bytes in base64"
}

plain_number() {
    [[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]] || refuse "not a plain number: $1"
}

# --- the key: name+id+base64(1, public key) -----------------------------------------------------

read_key() {
    local vkey=$1
    key_name=${vkey%%+*} key_id=${vkey#*+}
    key_id=${key_id%%+*}
    from_base64 "${vkey#*+*+}" || return
    [[ $vkey == *+*+* && ${#decoded} == 66 && $decoded == 01* ]] ||
        refuse "no Ed25519 key" || return
    local id
    id=$(sha256 "$(printf '%s\n' "$key_name" | hex)$decoded")
    [[ ${id:0:8} == "$key_id" ]] || refuse "the key's id is not its own" || return
    bytes "$der_prefix${decoded:2}" >"$scratch/key"
}

# --- the checkpoint, a signed note --------------------------------------------------------------

# check_signature NOTE: looks for our key's signature among those behind the last blank line.
check_signature() {
    local text=${1%$'\n\n'*}$'\n' line found=
    while IFS= read -r line; do
        [[ $line == "$dash $key_name "* ]] || continue
        from_base64 "${line#"$dash $key_name "}" || return
        [[ ${decoded:0:8} == "$key_id" ]] && found=${decoded:8}
    done <<<"${1##*$'\n\n'}"
    [[ $found ]] || refuse "the checkpoint is not signed by this key" || return
    printf %s "$text" >"$scratch/text"
    bytes "$found" >"$scratch/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$scratch/key" -rawin \
        -in "$scratch/text" -sigfile "$scratch/signature" >/dev/null 2>&1 ||
        refuse "the signature is false"
}

# open_checkpoint NOTE: sets `size` and `root`.
open_checkpoint() {
    local lines
    check_signature "$1" || return
    mapfile -t lines <<<"$1"
    [[ ${lines[0]} == "$key_name" ]] || refuse "the checkpoint is of another log" || return
    size=${lines[1]}
    plain_number "$size" && hash_from_base64 "${lines[2]}" && root=$decoded
}

# --- the path (RFC 9162, section 2.1.3.2) -------------------------------------------------------

# included LEAF INDEX HASH...
included() {
    local node index=$2 last=$((size - 1)) sibling
    node=$(sha256 "00$1")
    ((index < size)) || refuse "the index is not in the tree" || return
    for sibling in "${@:3}"; do
        ((last > 0)) || refuse "the path is too long" || return
        if ((index & 1 || index == last)); then
            node=$(sha256 "01$sibling$node")
            while ((!(index & 1) && index > 0)); do ((index >>= 1, last >>= 1)); done
        else
            node=$(sha256 "01$node$sibling")
        fi
        ((index >>= 1, last >>= 1))
    done
    [[ $last == 0 && $node == "$root" ]] || refuse "the leaf is not in the log"
}

# --- the statement ------------------------------------------------------------------------------

# hmac KEY TEXT, by hand: openssl would take the key from its command line, which others can see.
hmac() {
    local i inner='' outer=''
    for ((i = 0; i < 128; i += 2)); do
        printf -v inner '%s%02x' "$inner" $((0x${1:i:2} ^ 0x36))
        printf -v outer '%s%02x' "$outer" $((0x${1:i:2} ^ 0x5c))
    done
    sha256 "$outer$(sha256 "$inner$2")"
}

# check_statement FILE: its last line is `code`, all before it is what the leaf commits to.
check_statement() {
    local code salt lines text
    mapfile -t lines <"$1"
    code=${lines[-1]#code }
    code=${code^^}====
    salt=$(base32 -d <<<"$code" 2>/dev/null | hex)
    [[ ${#salt} == 64 && $(bytes "$salt" | base32 -w 0) == "$code" ]] ||
        refuse "the receipt code is wrong" || return
    text=$(head -n -1 "$1" | hex)
    [[ ${leaf[1]} == rec && ${leaf[2]} == "${lines[7]%??????}" ]] ||
        refuse "the leaf is not about this event" || return
    from_base64 "${leaf[3]}" || return
    printf -v salt '%-128s' "$salt"
    [[ $(hmac "${salt// /0}" "$text") == "$decoded" ]] ||
        refuse "the leaf commits to something else"
}

# --- a receipt ----------------------------------------------------------------------------------

# check FILE: sets `leaf`, its lines; `index` and `size`; or `why`.
check() {
    local text head hashes=() line bytes_of_leaf
    # Bash drops zero bytes and the newlines at the end of what it reads; neither may pass unseen.
    text=$(<"$1") 2>/dev/null && cmp -s "$1" - <<<"$text" || refuse "not a receipt" || return
    text+=$'\n'
    head=${text%%$'\n\n'*}
    mapfile -t head <<<"$head"
    [[ ${head[0]} == c2sp.org/tlog-proof@v1 && ${head[1]-} == 'extra '* &&
        ${head[2]-} == 'index '* ]] || refuse "not a receipt" || return
    index=${head[2]#index }
    plain_number "$index" && open_checkpoint "${text#*$'\n\n'}" || return
    for line in "${head[@]:3}"; do
        hash_from_base64 "$line" || return
        hashes+=("$decoded")
    done
    from_base64 "${head[1]#extra }" || return
    bytes_of_leaf=$decoded
    included "$bytes_of_leaf" "$index" "${hashes[@]}" || return
    mapfile -t leaf < <(bytes "$bytes_of_leaf")
    [[ ${#leaf[@]} == 4 && ${leaf[0]} == optout/leaf/v1 ]] || refuse "the leaf is not of optout"
}

usage() {
    sed -n '4s/^# *//p' "$0" >&2
    exit 2
}

statement=
if [[ ${1-} == -s ]]; then
    statement=${2-}
    shift 2 || usage
fi
(($# >= 2)) || usage
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
read_key "$1" || { printf 'the key: %s\n' "$why" >&2 && exit 2; }
status=0
for file in "${@:2}"; do
    if check "$file" && { [[ ! $statement ]] || check_statement "$statement"; }; then
        printf '%s: ok %s of %s, leaf %s of %s\n' "$file" "${leaf[1]}" \
            "$(date -u -d "@${leaf[2]}" +%Y-%m-%dT%H:%M:%SZ)" "$index" "$size"
    else
        printf '%s: %s\n' "$file" "$why"
        status=1
    fi
done
exit "$status"
