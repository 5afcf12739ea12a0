"""CheetahMail's files: which of the inbox are ready, and from a local copy to typed rows with their rejects.

Decides, parses, types and counts; knows nothing of Dagster, of the staging, of the ledger or of Gigya's API.
"""
