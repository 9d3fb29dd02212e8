"""What apt is told where a bundle is made, and where one is used: both must ask for the same files.

Sources: apt.conf(5); acquire-additional-files.txt of apt for the index targets.
"""

from __future__ import annotations

#: Only lists of packages, whole, packed in the way that everybody publishes; nothing is fetched
#: for other programs (translations, desktop catalogues).
#: Dates: those of a bundle's lists are over after a week, by design, and a machine that never
#: reached a time server may have any clock; how old the lists are is told by the manifest instead.
#: Signatures are checked as ever.
COMMON_OPTIONS = """
Acquire::Languages { "none"; };
Acquire::PDiffs "false";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
#clear Acquire::CompressionTypes::Order;
Acquire::CompressionTypes::Order { "xz"; "gz"; "bz2"; };
APT::Get::List-Cleanup "false";
"""
#: Best first, as in the order above; none: uncompressed.
COMPRESSIONS = (".xz", ".gz", ".bz2", "")
