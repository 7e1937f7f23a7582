#!/bin/busybox sh
# Process 1 of a machine with systemd, until that takes over: the root disk is only read, what is written lies in memory. The
# second disk is a tar archive of what this run has beside it.
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /disk /memory /root
mount -t proc proc /proc
mount -t devtmpfs dev /dev
modprobe -a virtio_pci virtio_blk overlay
until [ -b /dev/vda ] && [ -b /dev/vdb ]; do sleep 0.02; done
mount -t ext4 -o ro /dev/vda /disk
mount -t tmpfs -o size=75% memory /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/disk,upperdir=/memory/upper,workdir=/memory/work root /root
tar -xf /dev/vdb -C /root
umount /proc
exec switch_root /root /lib/systemd/systemd
