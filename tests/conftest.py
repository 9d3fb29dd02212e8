"""Before anything imports requests or pyinfra: gevent, as the command line itself does."""

from deeprig.engine.embedding import patch_standard_library

patch_standard_library()
