# Managed by deeprig (role cache): changes here are overwritten by the next apply.
# shellcheck shell=bash
. /etc/deeprig/cache/client.sh

# Say whether the cache answers, and lets this host in.
cache_answers() {
  local answer
  # bash's own connection: neither curl nor python3 need be here yet.
  # shellcheck disable=SC2016 # the inner bash expands it
  answer=$(timeout "$patience_seconds" bash -c '
    exec 3<>"/dev/tcp/$0/$1" || exit 1
    printf "GET %s HTTP/1.0\r\nHost: cache\r\n\r\n" "$2" >&3
    IFS= read -r line <&3 && printf %s "$line"
  ' "$cache_host" "$cache_port" "$cache_alive" 2>/dev/null)
  case $answer in
    "HTTP/1."?" 204"*) return 0 ;;
  esac
  return 1
}
