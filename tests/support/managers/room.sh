# A root folder of its own for service managers: the machine's programs, those in $MANAGERS laid over them, and an /etc,
# a /run and a /var in which they may do as they like. Runs as PID 1 of namespaces of its own; never says it is done but
# by making /run/ready.
set -euo pipefail
room=/mnt
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$room"

# A folder whose entries are links to the machine's, or the same links.
links() {
  mkdir -p "$room$1"
  find "$1/" -mindepth 1 -maxdepth 1 -not -type l -printf "/machine$1/%f\0" | xargs -0r ln -s -t "$room$1"
  find "$1/" -mindepth 1 -maxdepth 1 -type l -print0 | xargs -0r cp -P -t "$room$1"
}

mkdir "$room/machine" "$room/run" "$room/proc"
mount --rbind / "$room/machine"
for place in /*; do
  case $place in
    /etc | /var | /lib | /sbin | /run | /proc | /mnt) ;;
    *) if [ -L "$place" ]; then cp -P "$place" "$room"; elif [ -d "$place" ]; then mkdir "$room$place" && mount --rbind "$place" "$room$place"; fi ;;
  esac
done
for place in /etc /var /lib /sbin; do links "$place"; done
for place in /lib/*-linux-gnu; do
  rm "$room$place"
  links "$place"
  for library in "$MANAGERS$place"/*.so.* "$MANAGERS/usr$place"/*.so.*; do ln -sf -t "$room$place" "$library"; done
done
for place in /usr/bin /usr/lib/python3/dist-packages; do
  mount -t tmpfs -o mode=755 tmpfs "$room$place"
  links "$place"
  ln -sf -t "$room$place" "$MANAGERS$place"/*
done
# Python looks for its packages where it is, not where a link to it is.
for python in $(find /usr/bin -name "python3.*" -type f); do
  rm "$room$python"
  touch "$room$python"
  mount --bind "$python" "$room$python"
done

ln -sfn "$MANAGERS/lib/rc" "$room/lib/rc"
ln -sf -t "$room/sbin" "$MANAGERS"/sbin/*
(cd "$room/etc" && rm -rf init.d conf.d insserv.conf runlevels rc.conf sv service s6 supervisor farmhand)
cp "$MANAGERS"/etc/{rc,insserv}.conf "$room/etc"
mkdir -p "$room"/etc/{init.d,conf.d,runlevels/default,sv,service,s6/sv,supervisor/conf.d,farmhand}
rm -f "$room"/var/{log,run}
mkdir -p "$room/var/log/supervisor"
ln -s /run "$room/var/run"
mount -t tmpfs -o mode=755 tmpfs "$room/run"
mount -t proc proc "$room/proc"
mkdir -p "$room/run/service" "$room"/run/openrc/{starting,started,stopping,inactive,wasinactive,failed,daemons,options,exclusive,scheduled,tmp}
# A shell that waits is an init that reaps.
exec chroot "$room" bash -c 'touch /run/ready; while :; do sleep 3600; done'
