"""Finds timm, which Debian does not package, and says in one line how to provide it."""
import os
import sys


def find():
    """Returns the timm module; ends the program with one line where there is none."""
    if os.environ.get("TIMM_PATH"):
        sys.path.insert(0, os.environ["TIMM_PATH"])
    try:
        import timm
    except ImportError as problem:
        sys.exit(f"timm cannot be imported ({problem}): pip install timm==0.9.16, or set TIMM_PATH to a checkout of that tag")
    return timm


if __name__ == "__main__":
    import torch
    print(f"timm {find().__version__}, torch {torch.__version__}")
