"""Features about the process: what it runs, as whom, and what it finds."""

from tests.adapters.compose.features.feature import Feature

ODD = "quotes ' and \" , a $$dollar, a back\\slash, ünïcode ✓"
FOREVER = ["-c", "trap exit TERM; while :; do sleep 1; done"]

PROCESS = [
    Feature("command", {"command": ["sh", *FOREVER]}, ("Config.Cmd",)),
    Feature("entrypoint", {"entrypoint": ["sleep"], "command": ["600"]}, ("Config.Entrypoint",)),
    Feature("environment with quotes", {"environment": {"ODD": ODD, "EMPTY": "", "TWO": "a\nb"}}, ("Config.Env",)),
    Feature("labels with quotes", {"labels": {"a.b": ODD, "empty": "", "two": "a\nb"}}, ("Config.Labels.a.b",)),
    Feature("annotations", {"annotations": {"a.b": ODD}}, ("HostConfig.Annotations.a.b",), api=(1, 43)),
    Feature("user", {"user": "1000:1000"}, ("Config.User",)),
    Feature("working_dir", {"working_dir": "/srv"}, ("Config.WorkingDir",)),
    Feature("hostname", {"hostname": "fixed", "domainname": "example.test"}, ("Config.Hostname", "Config.Domainname")),
    Feature("init", {"init": False, "command": ["sh", *FOREVER]}, ("Config.Cmd",), alone=True),
    Feature("terminal", {"tty": True, "stdin_open": True}, ("Config.Tty", "Config.OpenStdin")),
    Feature("stop_signal", {"stop_signal": "SIGKILL"}, ("Config.StopSignal",)),
    Feature("stop_grace_period", {"stop_grace_period": "1m3s"}, ("Config.StopTimeout",)),
    Feature("restart", {"restart": "unless-stopped"}, ("HostConfig.RestartPolicy.Name",)),
    Feature("restart with a count", {"restart": "on-failure:3"}, ("HostConfig.RestartPolicy.MaximumRetryCount",)),
    Feature(
        "deploy.restart_policy",
        {"deploy": {"restart_policy": {"condition": "on-failure", "max_attempts": 4}}},
        ("HostConfig.RestartPolicy.MaximumRetryCount",),
    ),
    Feature(
        "healthcheck",
        {"healthcheck": {"test": "test -d /tmp && true", "interval": "1s", "timeout": "9s", "retries": 7}},
        ("Config.Healthcheck.Test", "Config.Healthcheck.Retries"),
    ),
    Feature("healthcheck disabled", {"healthcheck": {"disable": True}}, ("Config.Healthcheck.Test",)),
    Feature(
        "logging",
        {"logging": {"driver": "json-file", "options": {"max-size": "1m", "tag": "{{.Name}}"}}},
        ("HostConfig.LogConfig.Config.max-size",),
    ),
    Feature("logging to nowhere", {"logging": {"driver": "none"}}, ("HostConfig.LogConfig.Type",)),
    Feature("group_add", {"group_add": ["audio", "1234"]}, ("HostConfig.GroupAdd",)),
    Feature("cap_add and cap_drop", {"cap_drop": ["ALL"], "cap_add": ["CHOWN"]}, ("HostConfig.CapAdd",)),
    Feature("security_opt", {"security_opt": ["no-new-privileges:true"]}, ("HostConfig.SecurityOpt",)),
    Feature(
        "unconfined",
        {"security_opt": ["systempaths=unconfined", "seccomp=unconfined"]},
        ("HostConfig.SecurityOpt",),
    ),
    Feature("read_only", {"read_only": True}, ("HostConfig.ReadonlyRootfs",)),
    Feature(
        "depends_on",
        {"depends_on": {"base": {"condition": "service_started"}}},
        ("Config.Labels.com.docker.compose.depends_on",),
    ),
]
