"""The commands of `gigya-cheetah` that need more than a few lines; each module is one word of the command line."""
