"""Reading text from pictures: language data, the engine, and what a picture needs before it can be read."""
