"""The assets, a module a stage. They hold no logic of their own: each calls a function of the packages below."""
