"""`python -m benchmarks`: the outbound job beside its peers, then the SFTP upload beside OpenSSH's client."""

from __future__ import annotations

from benchmarks import outbound, sftp_upload

if __name__ == "__main__":
    outbound.main()
    ratio = sftp_upload.run()
    outbound.report([outbound.Result("SFTP upload of 200 MB, OpenSSH/ours", f"{ratio:.2f}x", ">= 1.0x", ratio >= 1.0)])
