# Shared by script/demo and script/test: install what a fresh machine lacks. Sourced, not run.

# Packages the throwaway hosts need; the same list as deeprig/lab/requirements.py checks.
LAB_PACKAGES=(mmdebstrap systemd-container iproute2 util-linux openssh-client)
# Packages the tests need besides: simulated NVIDIA packages are compiled and signed, and one
# virtual machine has a kernel of its own. The Vagrantfile is read by Ruby.
# Bundles are packed with zstd, and a host is cut off with iptables.
TEST_PACKAGES=(gcc libc6-dev binutils gnupg openssl dpkg-dev e2fsprogs qemu-system-x86 ruby)
# modinfo(8) reads the modules of a driver.
TEST_PACKAGES+=(zstd iptables kmod)
# The certificate is looked at in a browser. Ubuntu has it as a snap only: there those tests skip.
if grep -qx 'ID=debian' /etc/os-release; then TEST_PACKAGES+=(chromium); fi
# What script/test --full needs besides: a real `vagrant up`. Debian has it; elsewhere its tests skip.
FULL_PACKAGES=()
if grep -qx 'ID=debian' /etc/os-release; then
  FULL_PACKAGES+=(vagrant vagrant-libvirt libvirt-daemon-system libvirt-clients libvirt-daemon-driver-qemu)
  FULL_PACKAGES+=(libvirt-daemon-config-network dnsmasq-base iptables qemu-utils)
fi
VENV=${DEEPRIG_VENV:-build/venv}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# prepare_machine [PACKAGE ...]: install what the throwaway hosts, and more, need.
prepare_machine() {
  local missing=() name
  for name in "${LAB_PACKAGES[@]}" "$@" python3-venv git; do
    # A python3 that came otherwise (pyenv) brings its own venv.
    if [ "$name" = python3-venv ] && python3 -c 'import venv, ensurepip' 2>/dev/null; then continue; fi
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "Installing: ${missing[*]}"
    as_root apt-get update -q >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
      apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

# prepare_python [EXTRA]: a virtual environment with this checkout installed in it.
prepare_python() {
  local extra=${1:-}
  mkdir -p build
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "Python 3.10 or later is needed; python3 is $(python3 -V)." >&2
    exit 2
  }
  [ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
  local wanted
  wanted=$(sha256sum pyproject.toml | cut -d' ' -f1)-$extra
  if [ "$(cat "$VENV/installed-for" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing deeprig into $VENV"
    "$VENV/bin/python" -m pip install -q --disable-pip-version-check -e ".${extra:+[$extra]}"
    echo "$wanted" > "$VENV/installed-for"
  fi
}
