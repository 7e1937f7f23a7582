"""The text of profiles."""


def namespace(**fields):
    """One item of `namespaces:`, as namespace(name="wal", mode="fsdax", size="512 MiB")."""
    return "{" + ", ".join(f"{key}: {_word(value)}" for key, value in fields.items()) + "}"


def region(number, *namespaces, labels=None, match=None):
    """A region block; `match` replaces the match by the region's number."""
    lines = [f"  - match: {match or '{region: %d}' % number}"]
    lines += [f"    labels: {labels}"] * bool(labels)
    lines += ["    namespaces:" + ("" if namespaces else " []")]
    return "\n".join(lines + [f"      - {each}" for each in namespaces])


def profile(*regions, unmanaged=None):
    """A whole profile of region blocks."""
    head = ["version: 1"] + [f"unmanaged: {unmanaged}"] * bool(unmanaged)
    return "\n".join([*head, "regions:", *regions]) + "\n"


def _word(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
