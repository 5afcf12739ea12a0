"""The outbound flow as plain functions: window -> profiles -> rows -> delivered files.

Each step reads the folder of the step before and leaves one of its own. Dagster calls these functions; nothing
here knows Dagster.
"""
