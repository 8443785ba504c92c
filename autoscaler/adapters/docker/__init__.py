"""The Docker engine, its files, events and errors, for every Docker target. The only importer of the docker SDK."""
