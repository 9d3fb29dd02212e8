"""An empty repository of restic that opens at once.

restic makes a key that costs half a second of work at each call; this one has it again, under the
same password, in a key that costs nothing (restic, design document, "Keys").
"""

import base64
import hashlib
import json
import os
import subprocess

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

PASSWORD = "correct horse"  # noqa: S105 (of repositories that tests make)


def make_repository(restic, place):
    """Make one at ``place``."""
    told = {"RESTIC_REPOSITORY": str(place), "RESTIC_PASSWORD": PASSWORD}
    for words in (["init"], ["cat", "masterkey"]):
        environment = os.environ | told | {"RESTIC_CACHE_DIR": str(place.parent / "cache")}
        done = subprocess.run([restic, *words], env=environment, check=True, capture_output=True)
    (slow,) = (place / "keys").iterdir()
    key = quick_key(json.loads(slow.read_text()), done.stdout, PASSWORD.encode())
    slow.unlink()
    (place / "keys" / hashlib.sha256(key).hexdigest()).write_bytes(key)


def quick_key(slow, master, password):
    """Return the file of a key for ``master``: AES-256-CTR, authenticated by Poly1305-AES."""
    cost = {"N": 2, "r": 1, "p": 1}
    derived = hashlib.scrypt(password, salt=base64.b64decode(slow["salt"]), n=2, r=1, p=1, dklen=64)
    encrypt, mac_k, mac_r = derived[:32], derived[32:48], derived[48:]
    nonce = bytes(range(16))
    text = Cipher(algorithms.AES(encrypt), modes.CTR(nonce)).encryptor().update(master)
    # A single block: what Poly1305-AES does with a nonce.
    mac_s = Cipher(algorithms.AES(mac_k), modes.ECB()).encryptor().update(nonce)  # noqa: S305
    sealed = nonce + text + Poly1305.generate_tag(mac_r + mac_s, text)
    return json.dumps(slow | cost | {"data": base64.b64encode(sealed).decode()}).encode()
