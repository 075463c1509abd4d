#!/usr/bin/env bash
# podman as a container engine, with an API that Docker's clients understand, on a unix socket. What
# is in its store is in GGEN_SERVICES_DIR, so that engines of several suites know nothing of each
# other. Needs root. No image is fetched: they are made of programs of this machine.
#   podman.sh install [IMAGE...]   the Debian packages, for these images too
#   podman.sh start|stop|env
#   podman.sh build IMAGE...       bb, bb-volume, redis, postgres or postgres-seeded
# SPDX-License-Identifier: MIT
set -euo pipefail
SVC=podman
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SOCK=$SVC_DIR/podman.sock
export CONTAINERS_CONF=$SVC_DIR/containers.conf
export CONTAINERS_STORAGE_CONF=$SVC_DIR/storage.conf
POSTGRES=/usr/lib/postgresql/15

install() {
  local image
  ((EUID == 0)) || die "a container engine needs root"
  apt_need podman podman
  apt_need runc runc
  apt_need conmon conmon
  apt_need /usr/lib/podman/netavark netavark
  apt_need iptables iptables
  apt_need curl curl
  apt_need jq jq
  for image; do
    apt_need /bin/busybox busybox-static
    case $image in
      bb | bb-volume) ;;
      redis) apt_need redis-server redis-server ;;
      postgres | postgres-seeded) apt_need "$POSTGRES/bin/postgres" postgresql-15 ;;
      *) die "no such image: $image (bb, bb-volume, redis, postgres or postgres-seeded)" ;;
    esac
  done
}

# default_ulimits: without them podman asks for more than it has, and every start fails, where
# CAP_SYS_RESOURCE is missing. The network: two engines with the same bridge would hand out the same
# addresses.
configure() {
  local id=$((RANDOM % 256)) driver=overlay
  mkdir -p "$SVC_DIR"/{root,run,tmp,net}
  # An overlay cannot be made of files that are in one.
  [[ $(stat -f -c %T "$SVC_DIR") != overlayfs ]] || driver=vfs
  cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4000:4000"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$SVC_DIR/tmp"
lock_type = "file"
healthcheck_events = false
# How long an exec that has ended can be asked for its code (seconds). Two processes wait for that;
# by itself podman has them wait for five minutes.
exit_command_delay = 3
[network]
network_backend = "netavark"
network_config_dir = "$SVC_DIR/net"
CONF
  cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "$driver"
graphroot = "$SVC_DIR/root"
runroot = "$SVC_DIR/run"
CONF
  [[ -e $SVC_DIR/net/podman.json ]] || cat >"$SVC_DIR/net/podman.json" <<CONF
{
  "name": "podman",
  "id": "$(printf '%s' "$SVC_DIR" | sha256sum | cut -c 1-64)",
  "driver": "bridge",
  "network_interface": "ggen$id",
  "created": "2026-01-01T00:00:00Z",
  "subnets": [{"subnet": "10.213.$id.0/24", "gateway": "10.213.$id.1"}],
  "ipv6_enabled": false,
  "internal": false,
  "dns_enabled": false,
  "ipam_options": {"driver": "host-local"}
}
CONF
}

svc_ready() { [[ $(curl -s -m 5 --unix-socket "$SOCK" http://d/_ping 2>/dev/null) == OK ]]; }

svc_start() {
  install
  configure
  rm -f "$SOCK"
  spawn service podman system service --time=0 "unix://$SOCK"
  wait_ready service
}

svc_stop() {
  local ids
  if [[ -f $CONTAINERS_CONF ]]; then
    mapfile -t ids < <(podman ps -aq 2>/dev/null)
    ((${#ids[@]} == 0)) || podman rm -f -t 0 -v "${ids[@]}" >/dev/null
  fi
  stop_pid service
  rm -f "$SOCK"
  # What waits to clear up behind an exec (exit_command_delay) would mount the store once more.
  for _ in {1..100}; do
    pgrep -f -- "$SVC_DIR/root" >/dev/null || break
    sleep 0.1
  done
  # podman leaves its store mounted onto itself, and the directory could not be removed.
  if mountpoint -q "$SVC_DIR/root/overlay"; then umount "$SVC_DIR/root/overlay"; fi
}

svc_env() {
  export_line CONTAINERS_CONF "$CONTAINERS_CONF"
  export_line CONTAINERS_STORAGE_CONF "$CONTAINERS_STORAGE_CONF"
  export_line DOCKER_HOST "unix://$SOCK"
  export_line GGEN_TEST_CONTAINER_SOCKET "$SOCK"
}

# --- images ---------------------------------------------------------------------------------------

# copy_elf ROOT FILE...: programs and the libraries that they load.
copy_elf() {
  local root=$1 file library
  shift
  for file; do
    command install -D "$file" "$root$file"
    while read -r library; do
      [[ -e $root$library ]] || command install -D "$library" "$root$library"
    done < <(ldd "$file" 2>/dev/null | awk '/=> \//{print $3} /^[ \t]*\//{print $1}')
  done
}

# base_root ROOT: a shell and the usual programs, users, /tmp.
base_root() {
  local root=$1 applet
  mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},etc,tmp,run,var/lib,root,proc,sys,dev}
  for applet in bin sbin lib lib64; do ln -s "usr/$applet" "$root/$applet"; done
  ln -s ../run "$root/var/run"
  chmod 1777 "$root/tmp"
  copy_elf "$root" /bin/busybox
  for applet in $("$root/usr/bin/busybox" --list); do
    [[ -e $root/usr/bin/$applet ]] || ln -s busybox "$root/usr/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
}

# import_root ROOT TAG CHANGE...: the folder as an image of one layer.
import_root() {
  local root=$1 tag=$2 change changes=()
  shift 2
  for change; do changes+=(--change "$change"); done
  tar -C "$root" --numeric-owner --owner=0 --group=0 -cf - . |
    podman import -q "${changes[@]}" - "$tag" >/dev/null
  say "image $tag"
}

# build_file TAG LINE...: an image by the lines of a Dockerfile.
build_file() {
  local tag=$1
  shift
  mkdir -p "$work/empty"
  printf '%s\n' "$@" >"$work/Dockerfile"
  podman build -q --network=none -t "$tag" -f "$work/Dockerfile" "$work/empty" >/dev/null
  say "image $tag"
}

have_image() { podman image exists "$1"; }

build_bb() {
  have_image localhost/ggen/bb:1 && return
  base_root "$work/bb"
  import_root "$work/bb" localhost/ggen/bb:1 'CMD ["/bin/sh"]'
}

# One container of it has an anonymous volume.
build_bb-volume() {
  have_image localhost/ggen/bb-volume:1 && return
  build_bb
  build_file localhost/ggen/bb-volume:1 'FROM localhost/ggen/bb:1' 'VOLUME /data'
}

build_redis() {
  have_image localhost/ggen/redis:7 && return
  local root=$work/redis
  base_root "$root"
  copy_elf "$root" "$(command -v redis-server)" "$(command -v redis-cli)"
  mkdir -p "$root/data"
  import_root "$root" localhost/ggen/redis:7 'WORKDIR /data' 'EXPOSE 6379' \
    'CMD ["redis-server","--bind","0.0.0.0","--protected-mode","no","--save","","--unixsocket","/tmp/redis.sock"]'
}

# Makes its cluster at the first start, as the well-known image does.
build_postgres() {
  have_image localhost/ggen/postgres:15 && return
  local root=$work/postgres program library
  base_root "$root"
  copy_elf "$root" "$POSTGRES"/bin/{postgres,initdb,pg_ctl,psql,pg_isready,pg_dump,createdb}
  for library in "$POSTGRES"/lib/*.so; do
    [[ $library == *llvmjit* ]] || copy_elf "$root" "$library"
  done
  mkdir -p "$root/usr/share/postgresql" "$root/usr/share/zoneinfo" "$root/var/lib/postgresql"
  cp -aL /usr/share/postgresql/15 "$root/usr/share/postgresql/"
  cp -aL /usr/share/zoneinfo/{UTC,Etc} "$root/usr/share/zoneinfo/"
  for program in postgres initdb pg_ctl psql pg_isready pg_dump createdb; do
    ln -sf "../lib/postgresql/15/bin/$program" "$root/usr/bin/$program"
  done
  echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >>"$root/etc/passwd"
  echo 'postgres:x:999:' >>"$root/etc/group"
  cat >"$root/usr/bin/entry" <<'SH'
#!/bin/sh
set -e
D=/var/lib/postgresql/data
if [ ! -s $D/PG_VERSION ]; then
  umask 077
  printf '%s' "${POSTGRES_PASSWORD:-postgres}" >/tmp/pw
  initdb -D $D -U "${POSTGRES_USER:-postgres}" --pwfile=/tmp/pw -E UTF8 --locale=C --auth-local=trust \
    --auth-host=scram-sha-256 >/tmp/initdb.log 2>&1 || { cat /tmp/initdb.log >&2; exit 1; }
  rm -f /tmp/pw /tmp/initdb.log
  echo 'host all all all scram-sha-256' >>$D/pg_hba.conf
fi
[ "$1" != init-only ] || exit 0
exec postgres -D $D -c listen_addresses='*' -c unix_socket_directories=/tmp -c timezone=UTC \
  -c log_timezone=UTC "$@"
SH
  printf '#!/bin/sh\necho C\necho POSIX\n' >"$root/usr/bin/locale" # initdb asks it
  chmod +x "$root/usr/bin/entry" "$root/usr/bin/locale"
  import_root "$root" localhost/ggen/postgres:15.base
  build_file localhost/ggen/postgres:15 'FROM localhost/ggen/postgres:15.base' \
    'RUN mkdir -p /var/lib/postgresql && chown 999:999 /var/lib/postgresql' \
    'USER 999:999' 'ENV PGHOST=/tmp PGUSER=postgres' 'EXPOSE 5432' 'STOPSIGNAL SIGINT' \
    'ENTRYPOINT ["/usr/bin/entry"]'
}

# Carries a made cluster, and only has to boot.
build_postgres-seeded() {
  have_image localhost/ggen/postgres:15-seeded && return
  build_postgres
  build_file localhost/ggen/postgres:15-seeded 'FROM localhost/ggen/postgres:15' \
    'RUN /usr/bin/entry init-only'
}

svc_extra() {
  local command=${1:-} image
  shift || true
  case $command in
    install) install "$@" ;;
    build)
      install "$@"
      configure
      work=$(mktemp -d)
      trap 'rm -rf "$work"' EXIT
      for image; do "build_$image"; done
      ;;
    *)
      echo "usage: podman.sh install [IMAGE...]|start|stop|env|build IMAGE..." >&2
      exit 2
      ;;
  esac
}
svc_main "$@"
