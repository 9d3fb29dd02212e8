# Place a file that comes on standard input (base64) so that at no moment others can read it.
#
#   sh -c TEXT place DEST BYTES OWNER:GROUP MODE
#
# It is whole at any moment too: a cut connection ends the input early, and then nothing is placed.
set -eu
umask 077
dest=$1 bytes=$2 owner=$3 mode=$4
new=$dest.deeprig-new
trap 'rm -f "$new"' EXIT
trap 'exit 1' HUP INT TERM
# What an earlier cut left may have another mode.
rm -f "$new"
base64 -d >"$new"
if [ "$(stat -c %s "$new")" != "$bytes" ]; then
    echo "only a part of $dest came over" >&2
    exit 1
fi
chown "$owner" "$new"
chmod "$mode" "$new"
sync "$new"
mv -fT "$new" "$dest"
