#!/bin/sh
# Installs the agent of Trivet on this machine, has it join a server, and starts it. Run again, it ends the same; a newer agent takes the place of an older one.
#
#   TRIVET_JOIN=TOKEN@URL sh install.sh [JOIN OPTION]...
#   TRIVET_INSTALL_ONLY=1 TRIVET_JOIN=TOKEN@URL sh install.sh     for an image: the token is not used up
#
# TOKEN@URL is that of `trivet token create`; not an argument, since the list of processes is for everybody to read. Nothing is taken from the
# server before it has shown the CA whose hash is in the token. An instance of EC2 may have ec2.HASH in its place, as `trivet token attested` prints it.
set -eu
umask 022

say() { printf 'trivet: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
# After a tool that has told why; the second operand is what to look at.
stuck() { die "$1, as the line above says. Next: where there is no room (df -h $2), make some; then run this again"; }

invitation=${TRIVET_JOIN:-}
[ -n "$invitation" ] || die 'TRIVET_JOIN is not set. Next: TRIVET_JOIN=TOKEN@URL sh install.sh, as trivet token create prints it'
unset TRIVET_JOIN
token=${invitation%%@*}
url=${invitation#*@}
while [ "$url" != "${url%/}" ]; do url=${url%/}; done
pin=${token##*.}
case $invitation in
  *.*.*@https://* | ec2.*@https://*) ;;
  *) die 'TRIVET_JOIN is not TOKEN@https://HOST:PORT. Next: copy what trivet token create printed' ;;
esac

[ "$(id -u)" -eq 0 ] || die 'the agent makes packages, files and services: run this as root'
[ -d /run/systemd/system ] || die 'the agent is a service of systemd, which does not run here'
for tool in curl sha256sum base64 tar gzip install flock; do
  command -v "$tool" >/dev/null || die "there is no $tool here. Next: apt-get install --yes $tool"
done
case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  *) die "there is no agent for $(uname -s) on $(uname -m)" ;;
esac

# One at a time, to its end: the next finds what it has done.
exec 9>/run/trivet-install.lock
flock --nonblock 9 || {
  say 'this script runs here already: waiting for it'
  flock --timeout 3600 9 || die 'it has run for an hour more. Next: see what it waits for (ps -ef --forest), end it, then run this again'
}

folder=/usr/lib/trivet
unit=/etc/systemd/system/trivet-agent.service
# Always the same, and emptied first: what one has left that was killed goes with the next.
work=/var/cache/trivet-agent/install
clean() { rm -rf "$work" "$folder/trivet-agent.new"; }
trap clean EXIT
trap 'exit 1' HUP INT TERM
clean
{ mkdir -p "${work%/*}" && mkdir -m 0700 "$work"; } || stuck "$work cannot be made" "${work%/*}"

# Names what sets a proxy, if anything does, and not its value: a password may be in it.
proxied() {
  [ "${no_proxy:-${NO_PROXY:-}}" != '*' ] || return 0
  for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
    [ -n "$(printenv "$name")" ] || continue
    printf " %s is set, and the agent asks by no proxy. Where the server is reached without one: put no_proxy='*' before sh" "$name"
    return
  done
}
# Ends with why curl, which ended with that code, did not bring that; then what else to look at.
ungiven() {
  case $1 in
    23) stuck "$2 cannot be written to $work" "$work" ;;
    35 | 60)
      [ -z "$pinned" ] ||
        die "$url has the CA that the token expects, but no certificate by it that holds here and now. This machine's clock says $(date -u '+%F %T UTC'), which must be right. Next: set it (timedatectl), then run this again.$(proxied)"
      ;;
  esac
  die "$url did not give $2. $3$(proxied)"
}

pinned=
# Whoever answers, the hash in the token tells whether it is the CA that is meant; from then on the CA tells.
connect=$(curl --fail --silent --show-error --insecure --proto =https --max-time 60 --write-out '%{http_connect}' --output "$work/ca.pem" -- "$url/agent/ca.pem") ||
  ungiven $? 'its CA' 'Is the address right, and is it a Trivet server?'
got=$(sed '/^-----/d' "$work/ca.pem" | base64 -d 2>/dev/null | sha256sum | cut -d ' ' -f 1)
[ "$got" = "$pin" ] ||
  die "$url is not the server that the token was made by: its CA has SHA-256 $got, the token expects $pin. Nothing was installed."

pinned=yes

authority=${url#https://}
authority=${authority%%/*}
case $authority in
  *]) authority=$authority:443 ;;
  *:*) ;;
  *) authority=$authority:443 ;;
esac
# The name by which the rest is asked for is not the address, and no_proxy may know only that: what came without a proxy goes on so.
case $connect${https_proxy:-}${HTTPS_PROXY:-}${all_proxy:-}${ALL_PROXY:-} in
  000*socks*) ;;
  000*) export no_proxy='*' ;;
esac
fetch() {
  # Each server's certificate names it trivet-server, whatever its address.
  curl --fail --silent --show-error --proto =https --tlsv1.3 --retry 3 --max-time 600 --cacert "$work/ca.pem" \
    --connect-to "trivet-server:443:$authority" --output "$work/$1" -- "https://trivet-server/agent/$1" ||
    ungiven $? "$1" 'Next: see its log; does trivet server have --agents?'
}

fetch SHA256SUMS
# The newest: `~` has what is not yet the version itself (1.4.0-rc.1) come before it.
newest=$(sed -n "s/^\([0-9a-f]\{64\}\)  trivet-agent-\([0-9][0-9A-Za-z.+-]*\)-$platform\.tar\.gz\$/\2 \1/p" "$work/SHA256SUMS" |
  sed 's/-/~/' | sort -k 1,1V | tail -n 1 | sed 's/~/-/')
[ -n "$newest" ] || die "$url has no agent for $platform. Next, where the server is: npm run build:agent -- --platform $platform"
archive=trivet-agent-${newest% *}-$platform.tar.gz
sum=${newest#* }

put() {
  install -d -m 0755 "$folder" &&
    # Beside, then in its place: one that runs goes on with the file that it has.
    install -m 0755 "$work/new/trivet-agent" "$folder/trivet-agent.new" &&
    mv -f "$folder/trivet-agent.new" "$folder/trivet-agent" &&
    install -m 0644 "$work/new/trivet-agent.service" "$unit" &&
    rm -f "$folder/current.new" &&
    ln -s . "$folder/current.new" &&
    mv -fT "$folder/current.new" "$folder/current" &&
    ln -sfn "$folder/current/trivet-agent" /usr/bin/trivet-agent
}
# What this script installs runs from the folder itself; an upgrade that the server asked for runs from one within (current).
if [ "$(cat "$folder/installed" 2>/dev/null)" = "$sum" ] && [ "$(readlink "$folder/current")" = . ]; then
  say "$archive is installed already"
else
  fetch "$archive"
  printf '%s  %s\n' "$sum" "$work/$archive" | sha256sum --check --quiet - || die "$archive is not what $url says. Nothing was installed."
  { mkdir "$work/new" && tar --no-same-owner -xzf "$work/$archive" -C "$work/new"; } || stuck "$archive cannot be unpacked in $work" "$work"
  put || stuck "$archive cannot be put in its place" "$folder ${unit%/*}"
  systemctl daemon-reload
  systemctl try-restart trivet-agent.service
  printf '%s\n' "$sum" >"$folder/installed" || stuck "$folder/installed cannot be written" "$folder"
  say "installed $archive"
fi

if [ -n "${TRIVET_INSTALL_ONLY:-}" ]; then
  say 'nothing has joined: TRIVET_INSTALL_ONLY'
  exit 0
fi
if [ -e /var/lib/trivet-agent/identity.json ]; then
  say 'this machine has joined already'
else
  printf '%s\n' "$invitation" | trivet-agent join - "$@"
fi
systemctl enable --now --quiet trivet-agent.service
say 'the agent runs. Its log: journalctl -u trivet-agent'
