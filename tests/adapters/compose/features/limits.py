"""Features about resources and kernel settings."""

from tests.adapters.compose.features.feature import Feature

LIMITS = [
    Feature(
        "deploy.resources",
        {
            "deploy": {
                "resources": {
                    "limits": {"cpus": "0.5", "memory": "64M", "pids": 99},
                    "reservations": {"memory": "32M"},
                }
            }
        },
        ("HostConfig.NanoCpus", "HostConfig.Memory", "HostConfig.MemoryReservation", "HostConfig.PidsLimit"),
    ),
    Feature("mem_limit and swap", {"mem_limit": "64m", "memswap_limit": "96m"}, ("HostConfig.MemorySwap",)),
    Feature("mem_reservation", {"mem_reservation": "32m"}, ("HostConfig.MemoryReservation",)),
    Feature("mem_swappiness", {"mem_swappiness": 10}, ("HostConfig.MemorySwappiness",)),
    Feature("oom_kill_disable", {"oom_kill_disable": True, "mem_limit": "64m"}, ("HostConfig.OomKillDisable",)),
    Feature("oom_score_adj", {"oom_score_adj": 300}, ("HostConfig.OomScoreAdj",)),
    Feature("pids_limit", {"pids_limit": 50}, ("HostConfig.PidsLimit",)),
    Feature("cpus", {"cpus": 0.5}, ("HostConfig.NanoCpus",)),
    Feature("cpu_shares", {"cpu_shares": 512}, ("HostConfig.CpuShares",)),
    Feature("cpu_quota", {"cpu_quota": 50000, "cpu_period": 100000}, ("HostConfig.CpuQuota",), alone=True),
    Feature("cpuset", {"cpuset": "0"}, ("HostConfig.CpusetCpus",)),
    Feature(
        "blkio_config",
        {"blkio_config": {"device_read_bps": [{"path": "/dev/loop0", "rate": "10mb"}]}},
        ("HostConfig.BlkioDeviceReadBps",),
    ),
    Feature("ulimits", {"ulimits": {"nofile": {"soft": 512, "hard": 1024}, "nproc": 99}}, ("HostConfig.Ulimits",)),
    Feature("sysctls", {"sysctls": {"net.core.somaxconn": 1024}}, ("HostConfig.Sysctls.net.core.somaxconn",)),
    Feature("shm_size", {"shm_size": "16m"}, ("HostConfig.ShmSize",)),
    Feature("devices", {"devices": ["/dev/null:/dev/nothing:rw"]}, ("HostConfig.Devices",)),
    Feature("device_cgroup_rules", {"device_cgroup_rules": ["c 1:3 rwm"]}, ("HostConfig.DeviceCgroupRules",)),
    Feature("cgroup_parent", {"cgroup_parent": "/autoscaler-unit"}, ("HostConfig.CgroupParent",)),
    Feature("cgroup host", {"cgroup": "host"}, ("HostConfig.CgroupnsMode",)),
    Feature("runtime", {"runtime": "runc"}, ("HostConfig.Runtime",)),
]
