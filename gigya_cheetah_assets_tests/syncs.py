"""Sync files for tests: the annotated example of the documentation and the smallest file that is valid."""

from __future__ import annotations

from typing import Any

DESIGN_EXAMPLE = """
name: acme
gigya:
  api_domain: us1.gigya.com
  api_key: {env: GIGYA_API_KEY}
  auth: {type: user_key, user_key: {env: GIGYA_USER_KEY}, secret: {env: GIGYA_SECRET}}
  where: "isRegistered = true"
  accounts: full
  requests_per_second: 10
  page_size: 1000
windows: {every: hour, start: 2026-01-01T00:00:00Z, delay_minutes: 5, overlap_seconds: 60}
staging:
  type: sftp
  host: sftp.example.com
  port: 22
  username: acme
  private_key: {env: SFTP_PRIVATE_KEY}
  known_hosts: {env: SFTP_KNOWN_HOSTS}
  outbox: autoproc
  inbox: fromcheetah
import_files:
  defaults: {delimiter: ",", encoding: utf-8, header: true, compression: gzip, trigger_suffix: null, pgp: null}
  unsubscribes:    {name: "gigya_unsubs_{window}.csv"}
  address_changes: {name: "gigya_coa_{window}.csv"}
  profiles:        {name: "gigya_profiles_{window}.csv"}
  subscribes:      {name: "gigya_subs_{window}.csv"}
fields:
  - {cheetahmail: GIGYA_UID, gigya: UID, key: true}
  - {cheetahmail: EMAIL, gigya: profile.email, type: email, required: true}
  - {cheetahmail: FNAME, gigya: profile.firstName, max_length: 50}
  - {cheetahmail: BIRTHDATE, gigya: [profile.birthYear, profile.birthMonth, profile.birthDay], type: date, format: "%m/%d/%Y"}
  - {cheetahmail: TIER, gigya: data.loyalty.tier, values: {gold: G, silver: S}, default: N}
  - {cheetahmail: BRANDS, gigya: data.brands, join: "|"}
  - {cheetahmail: NEWSLETTER, gigya: subscriptions.newsletter.email, type: subscription, values: {opt_in: "1", opt_out: "0"}, owner: latest}
inbound_files:
  defaults: {delimiter: auto, encoding: utf-8, time_zone: America/New_York}
  unsubscribes:    {pattern: "*unsubs_*.dat*", list: {"2098000001": NEWSLETTER}, expect: daily}
  subscribes:      {pattern: "*subs_*.dat*", not: "*unsubs_*"}
  profiles:        {pattern: "*demo_*.dat*", changed_at: DATE_CHANGED}
  address_changes: {pattern: "*coa_*.dat*"}
  bounces:         {pattern: "*bounces_*.dat*"}
  import_reports:  {pattern: "*loader*_*.dat*"}
  full_extract:    {pattern: "*full_*.dat*"}
segments:
  - {name: lapsed_gold, where: 'data.loyalty.tier = "gold" AND lastLoginTimestamp < {now-90d}', deliver: changes}
limits: {max_reject_share: 0.02, max_volume_drop: 0.5, max_opt_out_share: 0.1, max_opt_in_share: 0.1}
sample_size: null
automation: stopped
"""  # noqa: E501 - as a person writes it: one line a field


def minimal_sync(**changes: Any) -> dict[str, Any]:
    """The smallest valid sync as plain data; `changes` replace top-level keys."""
    return {
        "name": "acme",
        "gigya": {
            "api_domain": "us1.gigya.com",
            "api_key": {"env": "GIGYA_API_KEY"},
            "auth": {"type": "signed", "user_key": {"env": "GIGYA_USER_KEY"}, "secret": {"env": "GIGYA_SECRET"}},
        },
        "windows": {"every": "hour", "start": "2026-01-01T00:00:00Z"},
        "staging": {"type": "local", "path": "staging"},
        "import_files": {"profiles": {"name": "profiles_{window}.csv"}},
        "fields": [
            {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True},
            {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email", "required": True},
        ],
    } | changes
