"""Model families: recognise a configuration, load it, know its facts."""
