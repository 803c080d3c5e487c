export const directory = '/srv/w2'

export const files = Array.from({ length: 50 }, (_, index) => variablesOf(index + 1))

export const services = Array.from({ length: 10 }, (_, index) => `bench${padded(index + 1)}`)

/** The one package that nothing else needs: it is removed to see it come back. */
export const leafPackage = 'tree'

export const packages = [
  leafPackage,
  ...`adduser apt augeas-lenses base-files base-passwd bash bsdutils ca-certificates coreutils dash dbus dbus-bin
  dbus-daemon debconf debian-archive-keyring debianutils diffutils dpkg e2fsprogs findutils gpgv grep gzip
  hostname init-system-helpers iproute2 iputils-ping libacl1 libattr1 libaudit1 libblkid1 libbpf1 libbrotli1 libbsd0
  libbz2-1.0 libc-bin libc6 libcap-ng0 libcap2 libcap2-bin libcom-err2 libcrypt1 libdbus-1-3 libelf1 libexpat1
  libfdisk1 libffi8 libgcc-s1 libgcrypt20 libgmp10 libgnutls30 libgpg-error0 libidn2-0 libjson-c5 libkmod2 liblz4-1
  liblzma5 libmd0 libmnl0 libmount1 libnettle8 libp11-kit0 libpam-modules libpam-runtime libpam0g libpcre2-8-0
  libpython3-stdlib libreadline8 libseccomp2 libselinux1 libsmartcols1 libsqlite3-0 libssl3 libstdc++6 libsystemd0
  libtasn1-6 libtinfo6 libudev1 libuuid1 libyaml-0-2 libzstd1 login logsave mawk mount ncurses-base ncurses-bin
  openssl passwd perl-base procps python3 readline-common sed systemd tar time util-linux zlib1g`.split(/\s+/),
]

function variablesOf(number: number) {
  return {
    path: `${directory}/${padded(number)}.conf`,
    number,
    port: 9000 + number,
    mode: number % 2 === 0 ? 'active' : 'standby',
    members: ['alpha', 'beta', 'gamma', 'delta', 'epsilon'],
  }
}

function padded(number: number) {
  return String(number).padStart(2, '0')
}
