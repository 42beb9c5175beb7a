"""Reply settings and presets."""
