"""The commands that tasks are made of, one file each; see `table.py`."""
