"""`python -m benchmarks`: the outbound job beside its peers, then SFTP beside OpenSSH's client and PGP beside gpg."""

from __future__ import annotations

from benchmarks import outbound, pgp, sftp_upload

if __name__ == "__main__":
    outbound.main()
    ratio = sftp_upload.run()
    outbound.report([outbound.Result("SFTP upload of 200 MB, OpenSSH/ours", f"{ratio:.2f}x", ">= 1.0x", ratio >= 1.0)])
    ratios = zip(("sealing", "opening"), pgp.run(), strict=True)
    outbound.report(
        [outbound.Result(f"PGP, {what} 200 MB, gpg/ours", f"{r:.2f}x", ">= 0.8x", r >= 0.8) for what, r in ratios]
    )
