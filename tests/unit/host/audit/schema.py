"""Schema "deeprig.hardware/1" for tests: keys, types, and where a null needs a reason."""

TEXT, INT, NUMBER, BOOL = (str,), (int,), (int, float), (bool,)

_SHAPE = {
    "system": {
        "vendor": TEXT, "product": TEXT, "chassis": TEXT, "virtualization": TEXT,
        "is_container": BOOL,
    },
    "firmware": {
        "vendor": TEXT, "version": TEXT, "date": TEXT, "boot": TEXT, "secure_boot": BOOL,
        "above_4g": BOOL, "resizable_bar": BOOL, "iommu": BOOL,
    },
    "cpu": {
        "model": TEXT, "sockets": INT, "cores": INT, "threads": INT, "numa_nodes": INT,
        "max_mhz": NUMBER, "flags": [TEXT],
    },
    "memory": {
        "total_bytes": INT, "has_ecc": BOOL,
        "slots": [{"locator": TEXT, "size_bytes": INT, "type": TEXT, "speed_mts": INT}],
    },
    "pci": [{
        "address": TEXT, "vendor": TEXT, "device": TEXT, "class": TEXT, "subsystem": TEXT,
        "driver": TEXT, "numa_node": INT, "slot": TEXT, "parents": [TEXT],
        "link": {"width": INT, "max_width": INT, "speed_gts": NUMBER, "max_speed_gts": NUMBER},
    }],
    "gpus": [{
        "address": TEXT, "vendor": TEXT, "device": TEXT, "name": TEXT, "memory_bytes": INT,
        "compute_capability": TEXT, "power_limit_watts": NUMBER, "power_max_watts": NUMBER,
        "temperature_celsius": NUMBER, "slowdown_celsius": NUMBER,
        "is_slowed_by_heat": BOOL, "fan_count": INT, "uuid": TEXT, "driver": TEXT,
        "source": TEXT, "nvlink_count": INT,
    }],
    "nvswitch_count": INT,
    "disks": [{
        "name": TEXT, "size_bytes": INT, "model": TEXT, "transport": TEXT, "is_rotational": BOOL,
        "holds_root": BOOL,
    }],
    "nics": [{
        "name": TEXT, "driver": TEXT, "mac": TEXT, "is_wireless": BOOL, "has_carrier": BOOL,
        "speed_mbits": INT, "pci": TEXT,
    }],
    "power": {"supplies": [{"name": TEXT, "type": TEXT, "watts": NUMBER}]},
    "thermal": [{"zone": TEXT, "type": TEXT, "celsius": NUMBER}],
    "sensors": [{"chip": TEXT, "label": TEXT, "kind": TEXT, "value": NUMBER}],
    "unknown": [{"what": TEXT, "why": TEXT}],
    "schema": TEXT, "collected": TEXT, "simulated": TEXT,
}  # fmt: skip
#: Here null means that there is none (collect.py says so).
_MAY_BE_NONE = {"subsystem", "driver", "numa_node", "slot", "link", "pci", "simulated"}
_NAMES = ("address", "name", "locator", "zone")
_NEVER_NULL = {
    "is_container", "nvswitch_count", "size_bytes", "holds_root", "is_wireless", "source", "flags",
    "address", "value", "what", "why", "schema",
}  # fmt: skip


def problems(facts):
    """Return what does not fit the schema."""
    return sorted(_problems(facts, _SHAPE, ""))


def missing_reasons(facts):
    """Return the paths of nulls that no entry of ``unknown`` explains."""
    told = {entry["what"] for entry in facts["unknown"]}
    return [path for path in _nulls(facts, "", facts) if not _is_told(path, told)]


def _problems(value, shape, path):
    if isinstance(shape, dict):
        if value is None:
            return
        if value.keys() ^ shape.keys():
            yield f"{path}: keys {sorted(value.keys() ^ shape.keys())}"
        for key in value.keys() & shape.keys():
            yield from _problems(value[key], shape[key], f"{path}.{key}".lstrip("."))
    elif isinstance(shape, list):
        for index, entry in enumerate(value or ()):
            yield from _problems(entry, shape[0], f"{path}.{_name(entry, index)}")
    elif value is None:
        top, key = path.partition(".")[0], path.rpartition(".")[2]
        if key in _NEVER_NULL or (key == "type" and top in ("power", "thermal")):
            yield f"{path}: null"
    elif value == "" or type(value) not in shape:
        yield f"{path}: {value!r}"


def _nulls(value, path, above):
    if value is None:
        key = path.rpartition(".")[2]
        is_none = key in _MAY_BE_NONE and not path.startswith("system")
        is_empty_slot = path.startswith("memory.slots.") and above["size_bytes"] == 0
        is_link = {"width", "max_speed_gts"} <= set(above)
        if not (is_none or is_empty_slot or is_link):
            yield path
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _nulls(entry, f"{path}.{key}".lstrip("."), value)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _nulls(entry, f"{path}.{_name(entry, index)}", value)


def _name(entry, index):
    keys = [key for key in _NAMES if isinstance(entry, dict) and key in entry]
    return entry[keys[0]] if keys else index


def _is_told(path, told):
    return any(path == what or path.startswith(f"{what}.") for what in told)
