# Run the hardware collector, as root where that can be.
#
#   sh -c TEXT deeprig-audit SUDO PASSWORD SECONDS BOOT PROGRAM ARGUMENT...
#
# SUDO: "sudo" or "plain". PASSWORD: "password" where the first line of the input is sudo's.
# SECONDS: when it is ended, whether or not anybody still waits for it. BOOT: the text of
# memory_boot.py. PROGRAM is a part of the archive, which is the rest of the input. Standard error tells how it runs before
# anything else, or why not; nothing is written to the host.
python=/usr/bin/python3
secret=
[ "$2" = password ] && IFS= read -r secret

if ! [ -x "$python" ]; then
    echo '@@deeprig:no-python' >&2
    exit 1
fi

if [ "$(id -u)" = 0 ]; then
    how=root
elif [ "$1" = plain ]; then
    how=plain
elif ! command -v sudo >/dev/null; then
    how=no-sudo
elif sudo -n true 2>/dev/null; then
    how=sudo
elif [ "$2" != password ]; then
    how=asks
# Tried by itself first: sudo would take what follows for a second and a third password.
elif printf '%s\n' "$secret" | sudo -k -S true 2>/dev/null; then
    how=password
else
    echo '@@deeprig:refused' >&2
    exit 1
fi
echo "@@deeprig:how $how" >&2

limit=$3 boot=$4
shift 4
set -- timeout -k 5 "$limit" "$python" -I -B -c "$boot" "$@"
case $how in
sudo) exec sudo -n "$@" ;;
password) { printf '%s\n' "$secret" && cat; } | sudo -k -S "$@" ;;
*) exec "$@" ;;
esac
