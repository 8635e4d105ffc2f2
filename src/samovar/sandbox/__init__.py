"""Processes in which files of strangers are read: confined, limited, one file each."""
