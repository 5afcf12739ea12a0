"""`python -m benchmarks`: the outbound job beside its peers, then staging and PGP beside the usual programs."""

from __future__ import annotations

from benchmarks import object_stores, outbound, pgp, sftp

if __name__ == "__main__":
    outbound.main()
    up, down = sftp.run()
    moved = {"SFTP, up": (up, 1.2), "SFTP, down": (down, 0.9)}
    moved |= {what: (ratio, 0.9) for what, ratio in object_stores.run().items()}
    outbound.report(
        [
            outbound.Result(f"{what}, 200 MB, theirs/ours", f"{r:.2f}x", f">= {t}x", r >= t)
            for what, (r, t) in moved.items()
        ]
    )
    ratios = zip(("sealing", "opening"), pgp.run(), strict=True)
    outbound.report(
        [outbound.Result(f"PGP, {what} 200 MB, gpg/ours", f"{r:.2f}x", ">= 0.8x", r >= 0.8) for what, r in ratios]
    )
