"""The nouns of Samovar as frozen values; imports nothing beyond the standard library."""
