# Run the backup program of a host as root.
#
#   sh -c TEXT deeprig-backup SUDO PASSWORD WORD...
#
# SUDO: "sudo" or "plain". PASSWORD: "password" where the first line of the input is sudo's. Before
# anything else standard error tells that it runs, or why it does not.
python=/opt/deeprig/environment/bin/python
sudo=$1 asks=$2
shift 2
secret=
[ "$asks" = password ] && IFS= read -r secret

refuse() {
    echo "@@deeprig:$1" >&2
    exit 1
}

how=root
if [ "$(id -u)" != 0 ]; then
    [ "$sudo" = sudo ] || refuse not-root
    command -v sudo >/dev/null || refuse no-sudo
    if sudo -n true 2>/dev/null; then
        how=sudo
    elif [ "$asks" != password ]; then
        refuse asks
    # Tried by itself first: sudo would take what follows for a second and a third password.
    elif printf '%s\n' "$secret" | sudo -k -S true 2>/dev/null; then
        how=password
    else
        refuse wrong-password
    fi
fi
[ -x "$python" ] || refuse no-program
echo "@@deeprig:runs" >&2

set -- "$python" -I -m deeprig_host.backup "$@"
case $how in
sudo) exec sudo -n "$@" ;;
password) printf '%s\n' "$secret" | sudo -k -S -p '' "$@" ;;
*) exec "$@" ;;
esac
