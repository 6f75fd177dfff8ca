#!/bin/sh
# Lays out everything that is in the container image, and nothing else: no shell, no package manager, no Node.js.
# The Dockerfile runs it to build the image, the tests run it to build the same thing without a container engine.
#
#   rootfs.sh <openclaw binary> <new folder>
#
# makes <new folder>/root, whose content belongs to root, and <new folder>/node, whose content belongs to uid 1000.
set -eu
binary=$1
root=$2/root
node=$2/node
umask 022

mkdir -p "$root/usr/local/bin" "$root/etc" "$root/proc" "$root/dev" "$root/sys" "$root/tmp"
chmod 1777 "$root/tmp"
cp "$binary" "$root/usr/local/bin/openclaw"
chmod 755 "$root/usr/local/bin/openclaw"
# `node dist/index.js …` and `node openclaw.mjs …` are what guides and older compose files type.
ln -s openclaw "$root/usr/local/bin/node"

# The C library and its loader, at the places where the binary looks for them.
ldd "$binary" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

cat > "$root/etc/passwd" <<'PASSWD'
root:x:0:0:root:/root:/sbin/nologin
node:x:1000:1000:node:/home/node:/sbin/nologin
PASSWD
cat > "$root/etc/group" <<'GROUP'
root:x:0:
node:x:1000:
GROUP
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"

# For connections to the outside, and for times of day other than UTC.
for shared in /etc/ssl/certs/ca-certificates.crt /usr/share/zoneinfo; do
  if [ -e "$shared" ]; then
    mkdir -p "$root$(dirname "$shared")"
    cp -RL "$shared" "$root$shared"
  fi
done

# A volume that is laid over the state directory takes its owner and mode from it.
mkdir -p "$node/app" "$node/home/node/.openclaw/workspace"
chmod 700 "$node/home/node/.openclaw" "$node/home/node/.openclaw/workspace"
