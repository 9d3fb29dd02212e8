"""A host that applies itself, from a git repository that its owner signs."""
