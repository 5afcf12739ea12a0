"""`python -m benchmarks`: both directions, the ledger, staging and PGP, each beside its target; then random histories.

The exit code is 1 if a history ended in a problem.
"""

from __future__ import annotations

import sys

from benchmarks import histories, inbound, large_files, ledger, object_stores, outbound, pgp, segments, sftp, updates
from benchmarks.results import at_most, ratio, report

if __name__ == "__main__":
    outbound.main()
    report(inbound.run())
    report(ledger.run())
    report(segments.run())
    report(updates.run())
    up, down = sftp.run()
    report([ratio("SFTP, up, 200 MB, OpenSSH/ours", up, 1.2), ratio("SFTP, down, 200 MB, OpenSSH/ours", down, 0.9)])
    report(ratio(f"{what}, 200 MB, theirs/ours", found, 0.9) for what, found in object_stores.run().items())
    sealing, opening = pgp.run()
    report([ratio("PGP, sealing 200 MB, gpg/ours", sealing, 0.8), ratio("PGP, opening 200 MB, gpg/ours", opening, 0.8)])
    report(
        at_most(f"{kind}, {large_files.MEGABYTES} MB out and in, peak memory", peak, 400, " MiB")
        for kind, peak in large_files.run().items()
    )
    sys.exit(histories.main([]))
