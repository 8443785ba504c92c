"""Merges layers of documents, the upper ones first, and finds where a key was written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoscaler.config.yaml_nodes import Place
from autoscaler.config.yaml_tree import Document


@dataclass(frozen=True, slots=True)
class Layer:
    """One document of a merged tree, and the place of the tree within it."""

    document: Document
    root: Place

    @property
    def tree(self) -> object:
        """The document's tree at that place, or an empty mapping."""
        found: object = self.document.tree
        for part in self.root:
            found = found.get(str(part)) if isinstance(found, Mapping) else None
        return {} if found is None else found


Layers = Sequence[Layer]


def merge_layers(layers: Layers) -> object:
    """Return the merged tree of all layers; the first overrides the others."""
    tree: object = {}
    for layer in reversed(layers):
        tree = merge(tree, layer.tree)
    return tree


def merge(below: object, above: object) -> object:
    """Override one tree by another: mappings key by key, everything else (lists, too) as a whole."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: merge(below[key], each) if key in below else each for key, each in above.items()}}
    return above


def locate(layers: Layers, inner: Place, text: str) -> str:
    """Return the text after its location: file, line and key of the place's innermost written part."""
    layer, length = _written(layers, inner)
    root = layers[0].root if layer.document is layers[0].document else layer.root
    where = ".".join(str(part) for part in (*root, *inner))
    location = layer.document.location((*layer.root, *inner[:length]))
    return f"{location}: {where}: {text}" if where else f"{location}: {text}"


def _written(layers: Layers, inner: Place) -> tuple[Layer, int]:
    """Return the layer with the innermost written part of a place, and the length of that part."""
    for length in range(len(inner), 0, -1):
        for layer in layers:
            if (*layer.root, *inner[:length]) in layer.document.lines:
                return layer, length
    return next((layer for layer in layers if layer.root in layer.document.lines), Layer(layers[0].document, ())), 0
