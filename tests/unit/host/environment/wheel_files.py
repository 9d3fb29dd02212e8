"""Small wheels for tests, whole or spoilt."""

import base64
import hashlib
import io
import zipfile


def record_of(files, record):
    rows = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join([*rows, f"{record},,", ""]).encode()


def wheel_of(files, *, more=None, without=(), has_record=True):
    """A wheel of files; ``more`` are in it and not as RECORD tells, ``without`` not in it."""
    record = "some-1.dist-info/RECORD"
    written = files | (more or {})
    if has_record:
        written[record] = record_of(files, record)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in written.items():
            if name not in without:
                # Not of now: the same files are the same wheel, also two seconds later.
                entry = zipfile.ZipInfo(name, (2023, 11, 14, 0, 0, 0))
                entry.external_attr = 0o600 << 16
                archive.writestr(entry, data)
    return buffer.getvalue()


def store_wheel(store, content):
    """Put a wheel into a store as the controller does; return its digest."""
    store.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(content).hexdigest()
    (store / f"{sha256}.whl").write_bytes(content)
    return sha256
