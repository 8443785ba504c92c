"""What every Docker target shares: the engine, its files, events and errors. The only importer of the docker SDK."""
