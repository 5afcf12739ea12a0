"""`python -m gigya_cheetah_assets.sandbox`: the sandbox without the rest of the command line."""

from gigya_cheetah_assets.sandbox.command import main

if __name__ == "__main__":
    main()
