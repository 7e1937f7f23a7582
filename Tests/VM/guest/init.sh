#!/bin/busybox sh
# Process 1 of the guest: mounts the kernel's file systems, loads the modules, becomes the agent.
# Kernel arguments: lab.modules=a,b,c are loaded before the machine's state is saved.
/bin/busybox --install -s /bin/busybox-links
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/bin/busybox-links HOME=/root

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/virtio-ports
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmp /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock
ln -s /proc/self/fd /dev/fd
hostname guest

modprobe -a virtio_pci virtio_console virtio_blk
for word in $(cat /proc/cmdline); do
    case $word in
        lab.modules=*) modprobe -a $(echo "${word#lab.modules=}" | tr , ' ') ;;
    esac
done

until [ "$(cat /sys/class/virtio-ports/*/name 2>/dev/null | wc -l)" = 2 ] && [ -b /dev/vda ]; do sleep 0.02; done
for port in /sys/class/virtio-ports/*; do
    ln -s "/dev/${port##*/}" "/dev/virtio-ports/$(cat "$port/name")"
done
chmod 666 /dev/vport*
exec /sbin/agent /dev/virtio-ports/control
