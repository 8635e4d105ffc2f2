"""Looking at the pictures of documents: descriptions by a model, and what is seen on them, with places."""
