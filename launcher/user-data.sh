#!/bin/sh
# Makes this machine a node of Trivet, as its user data. Run again, it ends the same. What it does is told on the console and in the log, in lines that
# begin with trivet-boot:. The lines with values are filled in by launcher/user-data.ts.
set -eu
umask 077

node='@node@'
url='@url@'
invitation='@invitation@'
# The SHA-256 of the server's install script; empty where the image has the agent.
installer='@installer@'
# yes: the machine is to become an image, and joins nothing.
bakes='@bakes@'
# The machine turns itself off when it has not joined after so many minutes; empty: never.
switch='@deadMansMinutes@'
# For how many seconds a network, a mirror or a server that is not there is waited for.
patience='@patienceSeconds@'

log=/var/log/trivet-boot.log
touch "$log"
exec >>"$log" 2>&1 </dev/null

say() {
  printf 'trivet-boot: %s\n' "$*"
  # A machine without a console has the log.
  { printf 'trivet-boot: %s\n' "$*" >/dev/console; } 2>/dev/null || true
}
quote() { while IFS= read -r line; do say "| $line"; done; }
phase() {
  phase=$1
  say "phase $phase"
  before=$(wc -l <"$log")
}
die() {
  printf '%s\n' "$*"
  exit 1
}
ended() {
  code=$?
  trap - EXIT
  rm -rf "$work"
  [ "$code" -ne 0 ] || return 0
  reason=$(tail -n "+$((before + 1))" "$log" | sed 's/^trivet-boot: | //' | tail -n 20)
  say "failed in $phase with exit code $code"
  printf '%s\n' "$reason" | quote
}
uptime() { cut -d . -f 1 /proc/uptime; }
# Runs a command until it succeeds, and tells why it has not.
patiently() {
  begun=$(uptime) told=
  until problem=$("$@" 2>&1); do
    problem=$(printf '%s\n' "$problem" | tail -n 3 | sed 's/ after [0-9]* ms//')
    [ "$problem" = "$told" ] || printf '%s\n' "$problem" | quote
    told=$problem
    [ $(($(uptime) - begun)) -lt "$patience" ] || die "waited $patience seconds in vain"
    sleep 3
  done
}
work=$(mktemp -d)
before=0
phase=begin
trap ended EXIT
trap 'exit 1' HUP INT TERM

phase begin
[ "$(id -u)" -eq 0 ] || die 'user data is run by root'
# cloud-init runs user data once, even where a reboot cut it off: until it is done it is one of the scripts of each boot.
cloud=/var/lib/cloud/scripts
again=$cloud/per-boot/trivet-boot
if [ -d "$cloud/per-boot" ] && [ "$0" != "$again" ]; then
  install -m 0700 -- "$0" "$cloud/.trivet-boot"
  mv -f -- "$cloud/.trivet-boot" "$again"
fi
[ -z "$switch" ] || shutdown -P "+$switch" 'trivet: this machine has not become a node'

install_curl() {
  dpkg --configure -a &&
    apt-get -q -o APT::Update::Error-Mode=any -o DPkg::Lock::Timeout=300 update &&
    apt-get -q -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends curl
}
if ! command -v curl; then
  phase curl
  export DEBIAN_FRONTEND=noninteractive
  patiently install_curl
fi

# Whoever answers: what is fetched is known by its hash, or is only a sign of life.
fetch() {
  patiently curl --fail --silent --show-error --insecure --proto =https --connect-timeout 10 --max-time 60 --output "$work/$1" -- "$url/agent/$1"
}
join() {
  if [ -n "$bakes" ]; then
    TRIVET_INSTALL_ONLY=1 TRIVET_JOIN=$invitation sh "$work/install.sh"
  elif [ -n "$installer" ]; then
    TRIVET_JOIN=$invitation sh "$work/install.sh" --name "$node"
  elif [ -e /var/lib/trivet-agent/identity.json ]; then
    echo 'this machine has joined already'
  else
    command -v trivet-agent || die 'this image has no agent, and the server handed out none when this was launched. Next: npm run build:agent there, or trivet server --agents DIR; or launch from an image of trivet launch bake'
    printf '%s\n' "$invitation" | trivet-agent join - --name "$node"
  fi
}

# A server that goes away in between is waited for as well.
for left in 2 1 0; do
  phase server
  if [ -n "$installer" ]; then
    fetch install.sh
    printf '%s  %s\n' "$installer" "$work/install.sh" | sha256sum --check --quiet - ||
      die "$url hands out another install script than when this node was planned. Next: launch it anew"
  else
    fetch ca.pem
  fi
  phase join
  if join; then break; fi
  [ "$left" -gt 0 ] || exit 1
done
if [ -n "$bakes" ]; then
  phase clean
  rm -f -- "$again"
  if command -v cloud-init; then cloud-init clean --logs; fi
  apt-get clean
  rm -rf -- /var/lib/apt/lists/* /etc/ssh/ssh_host_* /root/.ssh /root/.bash_history /home/*/.ssh /home/*/.bash_history /var/lib/trivet-agent
  # An empty one is made anew at the next boot.
  : >/etc/machine-id
  rm -f -- "$log"
  sync
  # The switch stays armed: the machine is to be stopped from outside before that.
  say 'phase baked'
  exit 0
fi
phase start
systemctl enable --now --quiet trivet-agent.service
[ -z "$switch" ] || shutdown -c
rm -f -- "$again"
phase joined
