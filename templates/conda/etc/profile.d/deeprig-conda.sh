# Managed by deeprig (role conda): changes here are overwritten by the next apply.
# "conda activate NAME" for everybody, without "conda init" in anybody's files.
if [ -r "{{ settings.prefix }}/etc/profile.d/conda.sh" ]; then
  . "{{ settings.prefix }}/etc/profile.d/conda.sh"
fi
