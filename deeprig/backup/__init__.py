"""Ask hosts to back up, to prove it and to restore; tell what they answer."""
