"""Features about the network and shared namespaces."""

from tests.adapters.compose.features.feature import Feature

TWO = {
    "front": {"aliases": ["www", "www.example.test"], "priority": 10},
    "back": {"aliases": ["db"], "priority": 100},
    "default": None,
}

NETWORK = [
    Feature(
        "networks with aliases and priorities", {"networks": TWO}, ("NetworkSettings.Networks.(project)_back.Aliases",)
    ),
    Feature(
        "gw_priority",
        {"networks": {"front": {"gw_priority": 1}, "back": {"gw_priority": 50}}},
        ("NetworkSettings.Networks.(project)_back.GwPriority",),
        api=(1, 48),
    ),
    Feature(
        "interface_name",
        {"networks": {"front": {"interface_name": "front0"}, "back": None}},
        ("NetworkSettings.Networks.(project)_front.DriverOpts.com.docker.network.endpoint.ifname",),
        api=(1, 49),
    ),
    Feature(
        "link-local addresses",
        {"networks": {"front": {"link_local_ips": ["169.254.8.8"]}}},
        ("NetworkSettings.Networks.(project)_front.IPAMConfig.LinkLocalIPs",),
    ),
    Feature(
        "extra_hosts",
        {"extra_hosts": ["one.test:10.0.0.1", "two.test:fd00::1", "host.docker.internal:host-gateway"]},
        ("HostConfig.ExtraHosts",),
    ),
    Feature(
        "dns",
        {"dns": ["10.0.0.53"], "dns_search": ["example.test"], "dns_opt": ["ndots:3"]},
        ("HostConfig.Dns", "HostConfig.DnsSearch", "HostConfig.DnsOptions"),
    ),
    Feature("links", {"links": ["base:store"]}, ("NetworkSettings.Networks.(project)_default.Links",)),
    Feature(
        "external_links",
        {"external_links": ["(project)-base-1:far"]},
        ("NetworkSettings.Networks.(project)_default.Links",),
    ),
    Feature("expose", {"expose": ["8000", "9000-9002/udp"]}, ("Config.ExposedPorts",)),
    Feature("ephemeral ports", {"ports": ["80", "127.0.0.1::81/udp"]}, ("HostConfig.PortBindings.80/tcp",)),
    Feature("a range of ports", {"ports": ["127.0.0.1:(ports):80"]}, ("HostConfig.PortBindings.80/tcp",)),
    Feature("network_mode: none", {"network_mode": "none"}, ("HostConfig.NetworkMode",), alone=True),
    Feature(
        "network_mode: host", {"network_mode": "host", "hostname": "fixed"}, ("HostConfig.NetworkMode",), alone=True
    ),
    Feature("network_mode: bridge", {"network_mode": "bridge"}, ("HostConfig.NetworkMode",), alone=True),
    Feature("network_mode: service", {"network_mode": "service:base"}, ("HostConfig.NetworkMode",), alone=True),
    Feature("ipc: shareable", {"ipc": "shareable"}, ("HostConfig.IpcMode",)),
    Feature("ipc: service", {"ipc": "service:base"}, ("HostConfig.IpcMode",)),
    Feature("ipc: host", {"ipc": "host"}, ("HostConfig.IpcMode",)),
    Feature("pid: service", {"pid": "service:base"}, ("HostConfig.PidMode",)),
    Feature("pid: host", {"pid": "host"}, ("HostConfig.PidMode",)),
    Feature("uts: host", {"uts": "host"}, ("HostConfig.UTSMode",), alone=True),
    Feature("userns_mode: host", {"userns_mode": "host"}, ("HostConfig.UsernsMode",)),
]
