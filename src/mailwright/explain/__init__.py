"""Evidence in, diagnoses out, without I/O."""
