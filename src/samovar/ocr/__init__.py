"""Text out of pictures: the engine, its language data, and what makes a page readable for it."""
