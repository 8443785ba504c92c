"""Features about what is mounted."""

from tests.adapters.compose.features.feature import Feature

STORAGE = [
    Feature(
        "named volumes",
        {
            "volumes": [
                "shared:/shared",
                "shared:/again:ro",
                {"type": "volume", "source": "shared", "target": "/nocopy", "volume": {"nocopy": True}},
            ]
        },
        ("Mounts./shared.Name", "Mounts./nocopy.Name"),
    ),
    Feature(
        "anonymous volumes",
        {"volumes": ["/data", {"type": "volume", "target": "/long"}]},
        ("Mounts./data.Name", "Mounts./long.Name"),
    ),
    Feature(
        "binds, short",
        {"volumes": ["(directory):/a", "(directory):/b:ro", "(directory):/c:rw,private"]},
        ("Mounts./c.Propagation",),
    ),
    Feature(
        "binds, long",
        {
            "volumes": [
                {"type": "bind", "source": "(directory)", "target": "/a", "read_only": True},
                {"type": "bind", "source": "(directory)", "target": "/b", "bind": {"propagation": "private"}},
                {"type": "bind", "source": "(directory)", "target": "/c", "bind": {"create_host_path": False}},
            ]
        },
        ("Mounts./a.Source", "Mounts./b.Propagation", "Mounts./c.Source"),
    ),
    Feature(
        "a volume's subpath",
        {"volumes": [{"type": "volume", "source": "shared", "target": "/sub", "volume": {"subpath": "."}}]},
        ("HostConfig.Mounts",),
        api=(1, 45),
    ),
    Feature("tmpfs, short", {"tmpfs": ["/tmp", "/run/x:mode=755,size=1m"]}, ("HostConfig.Tmpfs./run/x",)),
    Feature(
        "tmpfs, long",
        {"volumes": [{"type": "tmpfs", "target": "/scratch", "tmpfs": {"size": "1m", "mode": 0o755}}]},
        ("Mounts./scratch.Type",),
    ),
    Feature("volumes_from", {"volumes_from": ["base:ro"]}, ("HostConfig.VolumesFrom", "Mounts./of-base.Name")),
    Feature(
        "file secrets",
        {"secrets": ["from-file", {"source": "from-file", "target": "renamed"}]},
        ("Mounts./run/secrets/from-file.Source", "Mounts./run/secrets/renamed.Source"),
    ),
    Feature(
        "file configs",
        {"configs": ["from-file", {"source": "from-file", "target": "/etc/app.ini"}]},
        ("Mounts./from-file.Source", "Mounts./etc/app.ini.Source"),
    ),
]
