"""Where a key of a merged tree was written: layers of documents, the upper ones first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoscaler.config.yaml_tree import Document, Place


@dataclass(frozen=True, slots=True)
class Layer:
    """One document that a tree was merged from, and where in the document that tree is."""

    document: Document
    root: Place

    @property
    def tree(self) -> object:
        """What the document has there, or an empty mapping."""
        found: object = self.document.tree
        for part in self.root:
            found = found.get(str(part)) if isinstance(found, Mapping) else None
        return {} if found is None else found


Layers = Sequence[Layer]


def merged(layers: Layers) -> object:
    """Return the tree of all layers, the first above the others."""
    tree: object = {}
    for layer in reversed(layers):
        tree = merge(tree, layer.tree)
    return tree


def merge(below: object, above: object) -> object:
    """Lay one tree over another: mappings key by key, everything else (lists, too) as a whole."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        both = {**below, **above}
        return {key: merge(below[key], above[key]) if key in below and key in above else both[key] for key in both}
    return above


def say(layers: Layers, inner: Place, text: str) -> str:
    """Put before the text: where the innermost written part of that place is, and its key."""
    layer, length = _written(layers, inner)
    root = layers[0].root if layer.document is layers[0].document else layer.root
    where = ".".join(str(part) for part in (*root, *inner))
    spot = layer.document.spot((*layer.root, *inner[:length]))
    return f"{spot}: {where}: {text}" if where else f"{spot}: {text}"


def _written(layers: Layers, inner: Place) -> tuple[Layer, int]:
    """Return the layer that has the innermost part of a place, and how long that part is."""
    for length in range(len(inner), 0, -1):
        for layer in layers:
            if (*layer.root, *inner[:length]) in layer.document.lines:
                return layer, length
    return next((layer for layer in layers if layer.root in layer.document.lines), Layer(layers[0].document, ())), 0
