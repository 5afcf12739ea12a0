"""Who lives in the sandbox: accounts invented from a seed, or read from a file of the user's own."""
